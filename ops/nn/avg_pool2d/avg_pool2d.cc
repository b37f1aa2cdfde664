// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/avg_pool2d/avg_pool2d.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/core/window.h"
#include "ops/nn/avg_pool2d/avg_pool2d_cpu.h"
#include "ops/nn/avg_pool2d/avg_pool2d_tanh_grad.h"

namespace lockstep::ops {

Value AvgPool2d(Emitter* e, Value x, const AvgPool2dAttrs& attrs) {
  return e->Emit1("avg_pool2d", Pack(attrs), {x});
}

Value GlobalAvgPool(Emitter* e, Value x) {
  AvgPool2dAttrs attrs;
  if (x.valid()) {
    const Shape& shape = e->TypeOf(x).shape;
    if (shape.rank() == 4) attrs.kernel_h = shape[1], attrs.kernel_w = shape[2];
  }
  attrs.stride_h = attrs.stride_w = 1;
  return AvgPool2d(e, x, attrs);
}

namespace avg_pool2d {
namespace {

// The shape of y for an x of `shape`.
Result<Shape> OutputOf(const AvgPool2dAttrs& a, const Shape& shape) {
  ASSIGN_OR_RETURN(const int64_t p,
                   (Window{a.kernel_h, a.stride_h, a.padding_h}.PoolOutputs(shape[1], "height")));
  ASSIGN_OR_RETURN(const int64_t q,
                   (Window{a.kernel_w, a.stride_w, a.padding_w}.PoolOutputs(shape[2], "width")));
  const Shape y = {shape[0], p, q, shape[3]};
  RETURN_IF_ERROR(ExpectSize({DType::kFloat64, y}, "y"));
  return y;
}

Result<TensorTypes> Infer(const AvgPool2dAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(ExpectFloat(in[0], "x"));
  RETURN_IF_ERROR(ExpectRank(in[0], 4, "x"));
  ASSIGN_OR_RETURN(const Shape y, OutputOf(attrs, in[0].shape));
  return TensorTypes{{in[0].dtype, y}};
}

std::vector<Value> Grad(const AvgPool2dAttrs& attrs, const GradArgs& g) {
  const Shape& x = g.emit->TypeOf(g.in[0]).shape;
  const AvgPool2dGradAttrs grad = {attrs, x[1], x[2]};
  return {g.emit->Emit1("avg_pool2d_grad", Pack(grad), {g.dout[0]})};
}

// An addition for each place of each window.
Cost ForwardCost(const AvgPool2dAttrs& a, const NodeSpec& node) {
  return {node.out[0].shape.elements() * a.kernel_h * a.kernel_w, BytesMoved(node)};
}

Cost GradCost(const AvgPool2dGradAttrs& a, const NodeSpec& node) {
  return {2 * node.in[0].shape.elements() * a.kernel_h * a.kernel_w, BytesMoved(node)};
}

struct Case {
  std::string name;
  AvgPool2dAttrs attrs;
  Shape x;
};

std::vector<Case> Cases() {
  return {{"halves", {}, {2, 6, 4, 3}},
          {"rest_unused", {}, {1, 7, 5, 2}},
          {"overlap", {3, 3, 2, 2, 1, 1}, {2, 7, 6, 3}},
          {"overlap_inside", {3, 3, 2, 2, 1, 1, false}, {2, 7, 6, 3}},
          {"odd", {3, 2, 1, 3, 1, 0, false}, {1, 5, 9, 5}},
          {"gaps", {2, 2, 3, 4, 0, 1}, {1, 8, 9, 1}},
          {"whole_image", {5, 4, 1, 1, 0, 0}, {3, 5, 4, 2}},
          {"lenet", {}, {2, 4, 14, 6}},
          {"sixteen_channels", {}, {1, 4, 6, 16}},
          {"many_channels", {3, 3, 1, 2, 0, 0}, {1, 5, 8, 27}},
          {"many_taps", {9, 8, 1, 1, 0, 0}, {1, 10, 11, 3}},
          {"no_rows", {}, {0, 4, 4, 2}}};
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
    samples.push_back({c.name,
                       Pack(AvgPool2dGradAttrs{c.attrs, c.x[1], c.x[2]}),
                       {{{DType::kFloat32, *OutputOf(c.attrs, c.x)}}}});
  }
  return samples;
}

}  // namespace

Result<TensorTypes> InferGrad(const AvgPool2dGradAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(ExpectFloat(in[0], "dy"));
  RETURN_IF_ERROR(ExpectRank(in[0], 4, "dy"));
  const Shape x = {in[0].shape[0], attrs.in_h, attrs.in_w, in[0].shape[3]};
  ASSIGN_OR_RETURN(const Shape y, OutputOf(attrs, x));
  RETURN_IF_ERROR(ExpectShape(in[0], y, "dy"));
  RETURN_IF_ERROR(ExpectSize({DType::kFloat64, x}, "dx"));
  return TensorTypes{{in[0].dtype, x}};
}

void Register(OpRegistry& registry) {
  registry.Add<AvgPool2dAttrs>({.name = "avg_pool2d",
                                .infer = Infer,
                                .reference_f32 = Reference<float>,
                                .reference_f64 = Reference<double>,
                                .reference_workspace = Workspace,
                                .grad = Grad,
                                .cost = ForwardCost,
                                .samples = Samples()});
  registry.Add<AvgPool2dGradAttrs>({.name = "avg_pool2d_grad",
                                    .infer = InferGrad,
                                    .reference_f32 = ReferenceGrad<float>,
                                    .reference_f64 = ReferenceGrad<double>,
                                    .reference_workspace = WorkspaceGrad,
                                    .cost = GradCost,
                                    .samples = GradSamples()});
  RegisterTanhGrad(registry);
}

}  // namespace avg_pool2d
}  // namespace lockstep::ops
