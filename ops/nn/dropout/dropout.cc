// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/dropout/dropout.h"

#include "ops/core/dropout_rules.h"
#include "ops/core/elementwise.h"
#include "ops/core/registry.h"
#include "ops/nn/dropout/dropout_cpu.h"

namespace lockstep::ops {

Value Dropout(Emitter* e, Value x, double p) {
  return e->Emit("dropout", Pack(DropoutAttrs{p}), std::span<const Value>(&x, 1))[0];
}

namespace dropout {
namespace {

constexpr DropoutKind kKind = {
    .dropped = "an element", .check = nullptr, .mask = [](const Shape& x) { return x; }};

Result<TensorTypes> Infer(const DropoutAttrs& attrs, std::span<const TensorType> in) {
  return InferDropout(kKind, attrs.p, in);
}

Result<TensorTypes> InferGrad(const DropoutAttrs& attrs, std::span<const TensorType> in) {
  return InferDropoutGrad(kKind, attrs.p, in);
}

std::vector<Value> Grad(const DropoutAttrs& attrs, const GradArgs& g) {
  return {g.emit->Emit1("dropout_grad", Pack(attrs), {g.dout[0], g.out[1]})};
}

Attrs P(double p) { return Pack(DropoutAttrs{p}); }

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
       .cost = ElementwiseCost<1>,
       .samples = {DropoutSample("half", P(0.5), {3, 7, 5}),
                   DropoutSample("tenth", P(0.1), {13, 4}), DropoutSample("keeps_all", P(0.0), {9}),
                   DropoutSample("one_row", P(0.3), {1, 275}),
                   DropoutSample("empty", P(0.5), {0, 4})}});
  registry.Add<DropoutAttrs>({.name = "dropout_grad",
                              .infer = InferGrad,
                              .reference_f32 = ReferenceGrad<float>,
                              .reference_f64 = ReferenceGrad<double>,
                              .may_alias = {{0, 0}},
                              .cost = ElementwiseCost<1>,
                              .samples = {DropoutGradSample(kKind, "half", P(0.5), {3, 7, 5}),
                                          DropoutGradSample(kKind, "one_row", P(0.3), {1, 275}),
                                          DropoutGradSample(kKind, "empty", P(0.5), {0, 4})}});
}

}  // namespace dropout
}  // namespace lockstep::ops
