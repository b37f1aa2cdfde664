// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/softmax/softmax.h"

#include "ops/core/elementwise.h"
#include "ops/core/registry.h"
#include "ops/nn/softmax/softmax_cpu.h"

namespace lockstep::ops {

Value Softmax(Emitter* e, Value x) { return e->Emit1("softmax", Pack(NoAttrs{}), {x}); }

namespace softmax {
namespace {

Status ExpectRows(const TensorType& type, std::string_view name) {
  const int64_t rank = type.shape.rank();
  if (rank > 0 && type.shape[rank - 1] > 0) return OkStatus();
  return InvalidArgument(std::string(name) + " is " + type.ToString() +
                         "; expected a last axis of at least one element");
}

Result<TensorTypes> Infer(const NoAttrs& attrs, std::span<const TensorType> in) {
  ASSIGN_OR_RETURN(TensorTypes out, InferUnary(attrs, in));
  RETURN_IF_ERROR(ExpectRows(in[0], "x"));
  return out;
}

std::vector<Value> Grad(const NoAttrs&, const GradArgs& g) {
  return {g.emit->Emit1("softmax_grad", Pack(NoAttrs{}), {g.out[0], g.dout[0]})};
}

Result<TensorTypes> InferGrad(const NoAttrs& attrs, std::span<const TensorType> in) {
  ASSIGN_OR_RETURN(TensorTypes out, InferUnaryGrad(attrs, in));
  RETURN_IF_ERROR(ExpectRows(in[0], "y"));
  return out;
}

Sample MakeSample(std::string name, const Shape& x) {
  return {std::move(name), {}, {{{DType::kFloat32, x}}}};
}

Sample MakeGradSample(std::string name, const Shape& x) {
  return {std::move(name), {}, {{{DType::kFloat32, x}}, {{DType::kFloat32, x}}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<NoAttrs>({
      .name = "softmax",
      .infer = Infer,
      .reference_f32 = Reference<float>,
      .reference_f64 = Reference<double>,
      .reference_workspace = Workspace,
      .grad = Grad,
      .may_alias = {{0, 0}},
      .cost = ElementwiseCost<24>,  // about 20 an exponential, 4 beside it
      .samples = {MakeSample("odd", {3, 5, 7, 2}), MakeSample("wide", {2, 37}),
                  MakeSample("vector", {5}), MakeSample("empty", {0, 4})},
  });
  registry.Add<NoAttrs>({
      .name = "softmax_grad",
      .infer = InferGrad,
      .reference_f32 = ReferenceGrad<float>,
      .reference_f64 = ReferenceGrad<double>,
      .cost = ElementwiseCost<4>,
      .samples = {MakeGradSample("odd", {3, 5, 7, 2}), MakeGradSample("wide", {2, 37}),
                  MakeGradSample("empty", {0, 4})},
  });
}

}  // namespace softmax
}  // namespace lockstep::ops
