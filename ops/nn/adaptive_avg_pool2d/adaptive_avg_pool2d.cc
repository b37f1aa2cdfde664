// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/adaptive_avg_pool2d/adaptive_avg_pool2d.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/nn/adaptive_avg_pool2d/adaptive_avg_pool2d_cpu.h"

namespace lockstep::ops {

Value AdaptiveAvgPool2d(Emitter* e, Value x, int64_t out_h, int64_t out_w) {
  return e->Emit1("adaptive_avg_pool2d", Pack(AdaptiveAvgPool2dAttrs{out_h, out_w}), {x});
}

namespace adaptive_avg_pool2d {
namespace {

constexpr int64_t kLargest = int64_t{1} << 30;  // of any side: keeps products in range

Status ExpectSide(int64_t side, std::string_view what) {
  if (side >= 1 && side <= kLargest) return OkStatus();
  return InvalidArgument("the " + std::string(what) + " is " + std::to_string(side) +
                         "; expected 1 to " + std::to_string(kLargest));
}

Result<TensorTypes> Infer(const AdaptiveAvgPool2dAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(ExpectFloat(in[0], "x"));
  RETURN_IF_ERROR(ExpectRank(in[0], 4, "x"));
  RETURN_IF_ERROR(ExpectSide(in[0].shape[1], "height of x"));
  RETURN_IF_ERROR(ExpectSide(in[0].shape[2], "width of x"));
  RETURN_IF_ERROR(ExpectSide(attrs.out_h, "height of y"));
  RETURN_IF_ERROR(ExpectSide(attrs.out_w, "width of y"));
  const Shape y = {in[0].shape[0], attrs.out_h, attrs.out_w, in[0].shape[3]};
  RETURN_IF_ERROR(ExpectSize({DType::kFloat64, y}, "y"));
  return TensorTypes{{in[0].dtype, y}};
}

std::vector<Value> Grad(const AdaptiveAvgPool2dAttrs&, const GradArgs& g) {
  const Shape& x = g.emit->TypeOf(g.in[0]).shape;
  const AdaptiveAvgPool2dGradAttrs attrs = {x[1], x[2]};
  return {g.emit->Emit1("adaptive_avg_pool2d_grad", Pack(attrs), {g.dout[0]})};
}

// (dy) -> dx.
Result<TensorTypes> InferGrad(const AdaptiveAvgPool2dGradAttrs& attrs,
                              std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(ExpectFloat(in[0], "dy"));
  RETURN_IF_ERROR(ExpectRank(in[0], 4, "dy"));
  RETURN_IF_ERROR(ExpectSide(in[0].shape[1], "height of dy"));
  RETURN_IF_ERROR(ExpectSide(in[0].shape[2], "width of dy"));
  RETURN_IF_ERROR(ExpectSide(attrs.in_h, "height of dx"));
  RETURN_IF_ERROR(ExpectSide(attrs.in_w, "width of dx"));
  const Shape x = {in[0].shape[0], attrs.in_h, attrs.in_w, in[0].shape[3]};
  RETURN_IF_ERROR(ExpectSize({DType::kFloat64, x}, "dx"));
  return TensorTypes{{in[0].dtype, x}};
}

// An addition for each pixel of each window.
int64_t Additions(const Shape& x, const Shape& y) {
  int64_t rows = 0, columns = 0;
  for (int64_t p = 0; p < y[1]; ++p) rows += AdaptiveWindow(p, x[1], y[1]).size();
  for (int64_t q = 0; q < y[2]; ++q) columns += AdaptiveWindow(q, x[2], y[2]).size();
  return x[0] * rows * columns * x[3];
}

Cost ForwardCost(const AdaptiveAvgPool2dAttrs&, const NodeSpec& node) {
  return {Additions(node.in[0].shape, node.out[0].shape), BytesMoved(node)};
}

Cost GradCost(const AdaptiveAvgPool2dGradAttrs&, const NodeSpec& node) {
  return {2 * Additions(node.out[0].shape, node.in[0].shape), BytesMoved(node)};
}

struct Case {
  std::string name;
  Shape x;
  AdaptiveAvgPool2dAttrs attrs;
};

std::vector<Case> Cases() {
  return {{"divides", {2, 6, 4, 3}, {3, 2}},     {"overlap", {1, 7, 5, 2}, {3, 4}},
          {"enlarges", {2, 2, 1, 3}, {7, 6}},    {"one_side_enlarges", {1, 3, 9, 2}, {4, 2}},
          {"whole_image", {3, 5, 4, 2}, {1, 1}}, {"identity", {1, 3, 3, 5}, {3, 3}},
          {"no_rows", {0, 4, 4, 2}, {2, 2}}};
}

std::vector<Sample> Samples() {
  std::vector<Sample> samples;
  for (const Case& c : Cases()) {
    samples.push_back({c.name, Pack(c.attrs), {{{DType::kFloat32, c.x}}}});
  }
  return samples;
}

std::vector<Sample> GradSamples() {
  std::vector<Sample> samples;
  for (const Case& c : Cases()) {
    const Shape dy = {c.x[0], c.attrs.out_h, c.attrs.out_w, c.x[3]};
    samples.push_back(
        {c.name, Pack(AdaptiveAvgPool2dGradAttrs{c.x[1], c.x[2]}), {{{DType::kFloat32, dy}}}});
  }
  return samples;
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<AdaptiveAvgPool2dAttrs>({.name = "adaptive_avg_pool2d",
                                        .infer = Infer,
                                        .reference_f32 = Reference<float>,
                                        .reference_f64 = Reference<double>,
                                        .reference_workspace = Workspace,
                                        .grad = Grad,
                                        .cost = ForwardCost,
                                        .samples = Samples()});
  registry.Add<AdaptiveAvgPool2dGradAttrs>({.name = "adaptive_avg_pool2d_grad",
                                            .infer = InferGrad,
                                            .reference_f32 = ReferenceGrad<float>,
                                            .reference_f64 = ReferenceGrad<double>,
                                            .reference_workspace = WorkspaceGrad,
                                            .cost = GradCost,
                                            .samples = GradSamples()});
}

}  // namespace adaptive_avg_pool2d
}  // namespace lockstep::ops
