// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/dropout/dropout.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/nn/dropout/dropout_cpu.h"

namespace lockstep::ops {

Value Dropout(Emitter* e, Value x, double p) {
  return e->Emit("dropout", Pack(DropoutAttrs{p}), std::span<const Value>(&x, 1))[0];
}

namespace dropout {
namespace {

Status CheckProbability(const DropoutAttrs& attrs) {
  if (attrs.p >= 0.0 && attrs.p < 1.0) return OkStatus();
  return InvalidArgument("p, the probability of dropping an element, is " +
                         std::to_string(attrs.p) + "; expected 0 <= p < 1");
}

Result<TensorTypes> Infer(const DropoutAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(CheckProbability(attrs));
  RETURN_IF_ERROR(ExpectFloat(in[0], "x"));
  return TensorTypes{in[0], {DType::kUInt8, in[0].shape}};
}

std::vector<Value> Grad(const DropoutAttrs& attrs, const GradArgs& g) {
  return {g.emit->Emit1("dropout_grad", Pack(attrs), {g.dout[0], g.out[1]})};
}

// (dy, mask) -> dx.
Result<TensorTypes> InferGrad(const DropoutAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(CheckProbability(attrs));
  RETURN_IF_ERROR(ExpectFloat(in[0], "dy"));
  RETURN_IF_ERROR(ExpectDType(in[1], DType::kUInt8, "mask"));
  RETURN_IF_ERROR(ExpectShape(in[1], in[0].shape, "mask"));
  return TensorTypes{in[0]};
}

Cost ElementwiseCost(const DropoutAttrs&, const NodeSpec& node) {
  return {node.out[0].shape.elements(), BytesMoved(node)};
}

Sample MakeSample(std::string name, double p, const Shape& x) {
  return {std::move(name), Pack(DropoutAttrs{p}), {{{DType::kFloat32, x}}}};
}

Sample MakeGradSample(std::string name, double p, const Shape& x) {
  return {std::move(name),
          Pack(DropoutAttrs{p}),
          {{{DType::kFloat32, x}}, {{DType::kUInt8, x}, Fill::kUnitMask, 0, false}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<DropoutAttrs>(
      {.name = "dropout",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .grad = Grad,
       .may_alias = {{0, 0}},
       .random_streams = 1,
       .cost = ElementwiseCost,
       .samples = {MakeSample("half", 0.5, {3, 7, 5}), MakeSample("tenth", 0.1, {13, 4}),
                   MakeSample("keeps_all", 0.0, {9}), MakeSample("one_row", 0.3, {1, 275}),
                   MakeSample("empty", 0.5, {0, 4})}});
  registry.Add<DropoutAttrs>(
      {.name = "dropout_grad",
       .infer = InferGrad,
       .reference_f32 = ReferenceGrad<float>,
       .reference_f64 = ReferenceGrad<double>,
       .may_alias = {{0, 0}},
       .cost = ElementwiseCost,
       .samples = {MakeGradSample("half", 0.5, {3, 7, 5}), MakeGradSample("one_row", 0.3, {1, 275}),
                   MakeGradSample("empty", 0.5, {0, 4})}});
}

}  // namespace dropout
}  // namespace lockstep::ops
