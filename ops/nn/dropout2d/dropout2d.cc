// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/dropout2d/dropout2d.h"

#include "ops/core/dropout_rules.h"
#include "ops/core/elementwise.h"
#include "ops/core/registry.h"
#include "ops/nn/dropout2d/dropout2d_cpu.h"

namespace lockstep::ops {

Value Dropout2d(Emitter* e, Value x, double p) {
  return e->Emit("dropout2d", Pack(DropoutAttrs{p}), std::span<const Value>(&x, 1))[0];
}

namespace dropout2d {
namespace {

constexpr DropoutKind kKind = {
    .dropped = "a channel",
    .check = [](const TensorType& x, std::string_view what) { return ExpectRank(x, 4, what); },
    .mask =
        [](const Shape& x) {
          return Shape{x[0], x[3]};
        }};

Result<TensorTypes> Infer(const DropoutAttrs& attrs, std::span<const TensorType> in) {
  return InferDropout(kKind, attrs.p, in);
}

Result<TensorTypes> InferGrad(const DropoutAttrs& attrs, std::span<const TensorType> in) {
  return InferDropoutGrad(kKind, attrs.p, in);
}

std::vector<Value> Grad(const DropoutAttrs& attrs, const GradArgs& g) {
  return {g.emit->Emit1("dropout2d_grad", Pack(attrs), {g.dout[0], g.out[1]})};
}

Attrs P(double p) { return Pack(DropoutAttrs{p}); }

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<DropoutAttrs>({.name = "dropout2d",
                              .infer = Infer,
                              .reference_f32 = Reference<float>,
                              .reference_f64 = Reference<double>,
                              .grad = Grad,
                              .may_alias = {{0, 0}},
                              .random_streams = 1,
                              .cost = ElementwiseCost<1>,
                              .samples = {DropoutSample("half", P(0.5), {3, 2, 3, 7}),
                                          DropoutSample("fifth", P(0.2), {2, 3, 1, 5}),
                                          DropoutSample("keeps_all", P(0.0), {1, 2, 2, 3}),
                                          DropoutSample("tail", P(0.3), {2, 1, 2, 37}),
                                          DropoutSample("empty", P(0.5), {0, 2, 2, 4})}});
  registry.Add<DropoutAttrs>(
      {.name = "dropout2d_grad",
       .infer = InferGrad,
       .reference_f32 = ReferenceGrad<float>,
       .reference_f64 = ReferenceGrad<double>,
       .may_alias = {{0, 0}},
       .cost = ElementwiseCost<1>,
       .samples = {DropoutGradSample(kKind, "half", P(0.5), {3, 2, 3, 7}),
                   DropoutGradSample(kKind, "tail", P(0.3), {2, 1, 2, 37}),
                   DropoutGradSample(kKind, "empty", P(0.5), {0, 2, 2, 4})}});
}

}  // namespace dropout2d
}  // namespace lockstep::ops
