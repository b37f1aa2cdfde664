// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/dropout2d/dropout2d.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/nn/dropout2d/dropout2d_cpu.h"

namespace lockstep::ops {

Value Dropout2d(Emitter* e, Value x, double p) {
  return e->Emit("dropout2d", Pack(Dropout2dAttrs{p}), std::span<const Value>(&x, 1))[0];
}

namespace dropout2d {
namespace {

Status CheckProbability(const Dropout2dAttrs& attrs) {
  if (attrs.p >= 0.0 && attrs.p < 1.0) return OkStatus();
  return InvalidArgument("p, the probability of dropping a channel, is " + std::to_string(attrs.p) +
                         "; expected 0 <= p < 1");
}

Result<TensorTypes> Infer(const Dropout2dAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(CheckProbability(attrs));
  RETURN_IF_ERROR(ExpectFloat(in[0], "x"));
  RETURN_IF_ERROR(ExpectRank(in[0], 4, "x"));
  return TensorTypes{in[0], {DType::kUInt8, {in[0].shape[0], in[0].shape[3]}}};
}

std::vector<Value> Grad(const Dropout2dAttrs& attrs, const GradArgs& g) {
  return {g.emit->Emit1("dropout2d_grad", Pack(attrs), {g.dout[0], g.out[1]})};
}

// (dy, mask) -> dx.
Result<TensorTypes> InferGrad(const Dropout2dAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(CheckProbability(attrs));
  RETURN_IF_ERROR(ExpectFloat(in[0], "dy"));
  RETURN_IF_ERROR(ExpectRank(in[0], 4, "dy"));
  RETURN_IF_ERROR(ExpectDType(in[1], DType::kUInt8, "mask"));
  RETURN_IF_ERROR(ExpectShape(in[1], {in[0].shape[0], in[0].shape[3]}, "mask"));
  return TensorTypes{in[0]};
}

Cost ElementwiseCost(const Dropout2dAttrs&, const NodeSpec& node) {
  return {node.out[0].shape.elements(), BytesMoved(node)};
}

Sample MakeSample(std::string name, double p, const Shape& x) {
  return {std::move(name), Pack(Dropout2dAttrs{p}), {{{DType::kFloat32, x}}}};
}

Sample MakeGradSample(std::string name, double p, const Shape& x) {
  return {std::move(name),
          Pack(Dropout2dAttrs{p}),
          {{{DType::kFloat32, x}}, {{DType::kUInt8, {x[0], x[3]}}, Fill::kUnitMask, 0, false}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<Dropout2dAttrs>(
      {.name = "dropout2d",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .grad = Grad,
       .may_alias = {{0, 0}},
       .random_streams = 1,
       .cost = ElementwiseCost,
       .samples = {MakeSample("half", 0.5, {3, 2, 3, 7}), MakeSample("fifth", 0.2, {2, 3, 1, 5}),
                   MakeSample("keeps_all", 0.0, {1, 2, 2, 3}),
                   MakeSample("tail", 0.3, {2, 1, 2, 37}),
                   MakeSample("empty", 0.5, {0, 2, 2, 4})}});
  registry.Add<Dropout2dAttrs>({.name = "dropout2d_grad",
                                .infer = InferGrad,
                                .reference_f32 = ReferenceGrad<float>,
                                .reference_f64 = ReferenceGrad<double>,
                                .may_alias = {{0, 0}},
                                .cost = ElementwiseCost,
                                .samples = {MakeGradSample("half", 0.5, {3, 2, 3, 7}),
                                            MakeGradSample("tail", 0.3, {2, 1, 2, 37}),
                                            MakeGradSample("empty", 0.5, {0, 2, 2, 4})}});
}

}  // namespace dropout2d
}  // namespace lockstep::ops
