// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/sigmoid/sigmoid.h"

#include "ops/core/elementwise.h"
#include "ops/core/registry.h"
#include "ops/nn/sigmoid/sigmoid_cpu.h"

namespace lockstep::ops {

Value Sigmoid(Emitter* e, Value x) { return e->Emit1("sigmoid", Pack(NoAttrs{}), {x}); }

namespace sigmoid {
namespace {

std::vector<Value> Grad(const NoAttrs&, const GradArgs& g) {
  return {g.emit->Emit1("sigmoid_grad", Pack(NoAttrs{}), {g.out[0], g.dout[0]})};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<NoAttrs>({
      .name = "sigmoid",
      .infer = InferUnary,
      .reference_f32 = Reference<float>,
      .reference_f64 = Reference<double>,
      .grad = Grad,
      .may_alias = {{0, 0}},
      .cost = ElementwiseCost<20>,  // the exponential, division and sum, about
      .samples = {{"odd", {}, {{{DType::kFloat32, {3, 5, 7, 2}}}}},
                  {"scalar", {}, {{{DType::kFloat32, {}}}}},
                  {"empty", {}, {{{DType::kFloat32, {0, 4}}}}}},
  });
  registry.Add<NoAttrs>({
      .name = "sigmoid_grad",
      .infer = InferUnaryGrad,
      .reference_f32 = ReferenceGrad<float>,
      .reference_f64 = ReferenceGrad<double>,
      .may_alias = {{0, 0}, {1, 0}},
      .cost = ElementwiseCost<3>,
      .samples = {{"odd",
                   {},
                   {{{DType::kFloat32, {3, 5, 7, 2}}}, {{DType::kFloat32, {3, 5, 7, 2}}}}}},
  });
}

}  // namespace sigmoid
}  // namespace lockstep::ops
