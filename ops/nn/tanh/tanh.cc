// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/tanh/tanh.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/nn/tanh/tanh_cpu.h"

namespace lockstep::ops {

Value Tanh(Emitter* e, Value x) { return e->Emit1("tanh", Pack(NoAttrs{}), {x}); }

namespace tanh {
namespace {

Result<TensorTypes> Infer(const NoAttrs&, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(ExpectFloat(in[0], "x"));
  return TensorTypes{in[0]};
}

std::vector<Value> Grad(const NoAttrs&, const GradArgs& g) {
  return {g.emit->Emit1("tanh_grad", Pack(NoAttrs{}), {g.out[0], g.dout[0]})};
}

// (y, dy) -> dx.
Result<TensorTypes> InferGrad(const NoAttrs&, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(ExpectFloat(in[0], "y"));
  RETURN_IF_ERROR(ExpectSame(in[0], in[1], "y and dy"));
  return TensorTypes{in[0]};
}

// The exponential, division and sums behind one element, about.
Cost ForwardCost(const NoAttrs&, const NodeSpec& node) {
  return {20 * node.out[0].shape.elements(), BytesMoved(node)};
}

Cost GradCost(const NoAttrs&, const NodeSpec& node) {
  return {3 * node.out[0].shape.elements(), BytesMoved(node)};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<NoAttrs>({
      .name = "tanh",
      .infer = Infer,
      .reference_f32 = Reference<float>,
      .reference_f64 = Reference<double>,
      .grad = Grad,
      .may_alias = {{0, 0}},
      .cost = ForwardCost,
      .samples = {{"odd", {}, {{{DType::kFloat32, {3, 5, 7, 2}}}}},
                  {"scalar", {}, {{{DType::kFloat32, {}}}}},
                  {"empty", {}, {{{DType::kFloat32, {0, 4}}}}}},
  });
  registry.Add<NoAttrs>({
      .name = "tanh_grad",
      .infer = InferGrad,
      .reference_f32 = ReferenceGrad<float>,
      .reference_f64 = ReferenceGrad<double>,
      .may_alias = {{0, 0}, {1, 0}},
      .cost = GradCost,
      .samples = {{"odd",
                   {},
                   {{{DType::kFloat32, {3, 5, 7, 2}}}, {{DType::kFloat32, {3, 5, 7, 2}}}}}},
  });
}

}  // namespace tanh
}  // namespace lockstep::ops
