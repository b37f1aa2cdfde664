// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/max_pool2d/max_pool2d.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/core/window.h"
#include "ops/nn/max_pool2d/max_pool2d_cpu.h"

namespace lockstep::ops {

Value MaxPool2d(Emitter* e, Value x, const MaxPool2dAttrs& attrs) {
  return MaxPool2dWithIndex(e, x, attrs).y;
}

MaxPool2dOut MaxPool2dWithIndex(Emitter* e, Value x, const MaxPool2dAttrs& attrs) {
  const std::vector<Value> out = e->Emit("max_pool2d", Pack(attrs), std::span<const Value>(&x, 1));
  return {out[0], out[1]};
}

Value MaxUnpool2d(Emitter* e, Value y, Value index, const MaxPool2dGradAttrs& attrs) {
  return e->Emit1("max_pool2d_grad", Pack(attrs), {index, y});
}

namespace max_pool2d {
namespace {

// The shape of y for an x of `shape`.
Result<Shape> OutputOf(const MaxPool2dAttrs& a, const Shape& shape) {
  ASSIGN_OR_RETURN(const int64_t p,
                   (Window{a.kernel_h, a.stride_h, a.padding_h}.PoolOutputs(shape[1], "height")));
  ASSIGN_OR_RETURN(const int64_t q,
                   (Window{a.kernel_w, a.stride_w, a.padding_w}.PoolOutputs(shape[2], "width")));
  if (a.kernel_h * a.kernel_w >= int64_t{1} << 31) {
    return InvalidArgument("the window has " + std::to_string(a.kernel_h) + " x " +
                           std::to_string(a.kernel_w) +
                           " pixels; expected fewer than 2^31, so that an index fits 32 bits");
  }
  const Shape y = {shape[0], p, q, shape[3]};
  RETURN_IF_ERROR(ExpectSize({DType::kFloat64, y}, "y"));
  return y;
}

Result<TensorTypes> Infer(const MaxPool2dAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(ExpectFloat(in[0], "x"));
  RETURN_IF_ERROR(ExpectRank(in[0], 4, "x"));
  ASSIGN_OR_RETURN(const Shape y, OutputOf(attrs, in[0].shape));
  return TensorTypes{{in[0].dtype, y}, {DType::kInt32, y}};
}

std::vector<Value> Grad(const MaxPool2dAttrs& attrs, const GradArgs& g) {
  const Shape& x = g.emit->TypeOf(g.in[0]).shape;
  const MaxPool2dGradAttrs grad = {attrs, x[1], x[2]};
  return {g.emit->Emit1("max_pool2d_grad", Pack(grad), {g.out[1], g.dout[0]})};
}

// (index, dy) -> dx.
Result<TensorTypes> InferGrad(const MaxPool2dGradAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(ExpectDType(in[0], DType::kInt32, "index"));
  RETURN_IF_ERROR(ExpectFloat(in[1], "dy"));
  RETURN_IF_ERROR(ExpectRank(in[1], 4, "dy"));
  RETURN_IF_ERROR(ExpectShape(in[0], in[1].shape, "index"));
  const Shape x = {in[1].shape[0], attrs.in_h, attrs.in_w, in[1].shape[3]};
  ASSIGN_OR_RETURN(const Shape y, OutputOf(attrs, x));
  RETURN_IF_ERROR(ExpectShape(in[1], y, "dy"));
  RETURN_IF_ERROR(ExpectSize({DType::kFloat64, x}, "dx"));
  return TensorTypes{{in[1].dtype, x}};
}

// The gradient of an unpooling, (index, dy) -> dx, which is linear in dy.
std::vector<Value> GradOfGrad(const MaxPool2dGradAttrs& attrs, const GradArgs& g) {
  return {Value(), g.emit->Emit1("max_pool2d_gather", Pack(static_cast<MaxPool2dAttrs>(attrs)),
                                 {g.in[0], g.dout[0]})};
}

// (index, x) -> y.
Result<TensorTypes> InferGather(const MaxPool2dAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(ExpectDType(in[0], DType::kInt32, "index"));
  RETURN_IF_ERROR(ExpectFloat(in[1], "x"));
  RETURN_IF_ERROR(ExpectRank(in[1], 4, "x"));
  ASSIGN_OR_RETURN(const Shape y, OutputOf(attrs, in[1].shape));
  RETURN_IF_ERROR(ExpectShape(in[0], y, "index"));
  return TensorTypes{{in[1].dtype, y}};
}

std::vector<Value> GradOfGather(const MaxPool2dAttrs& attrs, const GradArgs& g) {
  const Shape& x = g.emit->TypeOf(g.in[1]).shape;
  return {Value(), MaxUnpool2d(g.emit, g.dout[0], g.in[0], {attrs, x[1], x[2]})};
}

Cost GatherCost(const MaxPool2dAttrs&, const NodeSpec& node) { return {0, BytesMoved(node)}; }

// A comparison, or an addition, for each place of each window.
Cost ForwardCost(const MaxPool2dAttrs& a, const NodeSpec& node) {
  return {node.out[0].shape.elements() * a.kernel_h * a.kernel_w, BytesMoved(node)};
}

Cost GradCost(const MaxPool2dGradAttrs& a, const NodeSpec& node) {
  return {node.in[1].shape.elements() * a.kernel_h * a.kernel_w, BytesMoved(node)};
}

struct Case {
  std::string name;
  MaxPool2dAttrs attrs;
  Shape x;
};

std::vector<Case> Cases() {
  return {{"halves", {}, {2, 6, 4, 3}},
          {"rest_unused", {}, {1, 7, 5, 2}},
          {"overlap", {3, 3, 2, 2, 1, 1}, {2, 7, 6, 3}},
          {"odd", {3, 2, 1, 3, 1, 0}, {1, 5, 9, 5}},
          {"gaps", {2, 2, 3, 4, 0, 1}, {1, 8, 9, 1}},
          {"whole_image", {5, 4, 1, 1, 0, 0}, {3, 5, 4, 2}},
          {"one_pixel", {1, 1, 1, 1, 0, 0}, {2, 3, 2, 2}},
          {"no_rows", {}, {0, 4, 4, 2}}};
}

std::vector<Sample> Samples() {
  std::vector<Sample> samples;
  for (const Case& c : Cases()) {
    samples.push_back({c.name, Pack(c.attrs), {{{DType::kFloat32, c.x}, Fill::kDistinct}}});
  }
  return samples;
}

std::vector<Sample> GradSamples() {
  std::vector<Sample> samples;
  for (const Case& c : Cases()) {
    const Shape y = *OutputOf(c.attrs, c.x);
    samples.push_back(
        {c.name,
         Pack(MaxPool2dGradAttrs{c.attrs, c.x[1], c.x[2]}),
         {{{DType::kInt32, y}, Fill::kLabels, c.attrs.kernel_h * c.attrs.kernel_w, false},
          {{DType::kFloat32, y}}}});
  }
  return samples;
}

std::vector<Sample> GatherSamples() {
  std::vector<Sample> samples;
  for (const Case& c : Cases()) {
    const int64_t places = c.attrs.kernel_h * c.attrs.kernel_w;
    samples.push_back({c.name,
                       Pack(c.attrs),
                       {{{DType::kInt32, *OutputOf(c.attrs, c.x)}, Fill::kLabels, places, false},
                        {{DType::kFloat32, c.x}}}});
  }
  return samples;
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<MaxPool2dAttrs>({.name = "max_pool2d",
                                .infer = Infer,
                                .reference_f32 = Reference<float>,
                                .reference_f64 = Reference<double>,
                                .grad = Grad,
                                .cost = ForwardCost,
                                .samples = Samples()});
  registry.Add<MaxPool2dGradAttrs>({.name = "max_pool2d_grad",
                                    .infer = InferGrad,
                                    .reference_f32 = ReferenceGrad<float>,
                                    .reference_f64 = ReferenceGrad<double>,
                                    .grad = GradOfGrad,
                                    .cost = GradCost,
                                    .samples = GradSamples()});
  registry.Add<MaxPool2dAttrs>({.name = "max_pool2d_gather",
                                .infer = InferGather,
                                .reference_f32 = ReferenceGather<float>,
                                .reference_f64 = ReferenceGather<double>,
                                .grad = GradOfGather,
                                .cost = GatherCost,
                                .samples = GatherSamples()});
}

}  // namespace max_pool2d
}  // namespace lockstep::ops
