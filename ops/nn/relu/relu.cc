// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/relu/relu.h"

#include "ops/core/elementwise.h"
#include "ops/core/registry.h"
#include "ops/nn/relu/relu_cpu.h"

namespace lockstep::ops {

Value Relu(Emitter* e, Value x) { return e->Emit1("relu", Pack(NoAttrs{}), {x}); }

namespace relu {
namespace {

std::vector<Value> Grad(const NoAttrs&, const GradArgs& g) {
  return {g.emit->Emit1("relu_grad", Pack(NoAttrs{}), {g.out[0], g.dout[0]})};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<NoAttrs>({
      .name = "relu",
      .infer = InferUnary,
      .reference_f32 = Reference<float>,
      .reference_f64 = Reference<double>,
      .grad = Grad,
      .may_alias = {{0, 0}},
      .cost = ElementwiseCost<1>,
      .samples = {{"odd", {}, {{{DType::kFloat32, {3, 5, 7, 2}}, Fill::kAwayFromZero}}},
                  {"empty", {}, {{{DType::kFloat32, {0, 4}}, Fill::kAwayFromZero}}}},
  });
  registry.Add<NoAttrs>({
      .name = "relu_grad",
      .infer = InferUnaryGrad,
      .reference_f32 = ReferenceGrad<float>,
      .reference_f64 = ReferenceGrad<double>,
      .may_alias = {{1, 0}},
      .cost = ElementwiseCost<1>,
      .samples = {{"odd",
                   {},
                   {{{DType::kFloat32, {3, 5, 7, 2}}, Fill::kAwayFromZero},
                    {{DType::kFloat32, {3, 5, 7, 2}}}}}},
  });
}

}  // namespace relu
}  // namespace lockstep::ops
