// SPDX-License-Identifier: Apache-2.0
// What smooth activations have in common: ops NAME (x) -> y and NAME_grad (y, dy) -> dx of floats
// of any shape, whose gradient is made of the output. A folder says the rest in a struct, and
// RegisterSmoothActivation adds the two ops:
//
//   struct Names {
//     static constexpr char kName[] = "tanh", kGradName[] = "tanh_grad";
//   };
#pragma once

#include <vector>

#include "ops/core/elementwise.h"
#include "ops/core/registry.h"

namespace lockstep::ops {

// Reference kernels of an op, of float and of double.
struct UnaryReference {
  void (*f32)(const NoAttrs&, const ReferenceArgs&);
  void (*f64)(const NoAttrs&, const ReferenceArgs&);
};

// Adds the two ops with their samples. An element costs about 20 operations: an exponential, a
// division and sums.
template <typename Names>
void RegisterSmoothActivation(OpRegistry& registry, UnaryReference forward, UnaryReference grad) {
  const TensorType odd{DType::kFloat32, {3, 5, 7, 2}};
  registry.Add<NoAttrs>({
      .name = Names::kName,
      .infer = InferUnary,
      .reference_f32 = forward.f32,
      .reference_f64 = forward.f64,
      .grad =
          [](const NoAttrs&, const GradArgs& g) {
            return std::vector<Value>{
                g.emit->Emit1(Names::kGradName, Pack(NoAttrs{}), {g.out[0], g.dout[0]})};
          },
      .may_alias = {{0, 0}},
      .cost = ElementwiseCost<20>,
      .samples = {{"odd", {}, {{odd}}},
                  {"scalar", {}, {{{DType::kFloat32, {}}}}},
                  {"empty", {}, {{{DType::kFloat32, {0, 4}}}}}},
  });
  registry.Add<NoAttrs>({
      .name = Names::kGradName,
      .infer = InferUnaryGrad,
      .reference_f32 = grad.f32,
      .reference_f64 = grad.f64,
      .may_alias = {{0, 0}, {1, 0}},
      .cost = ElementwiseCost<3>,
      .samples = {{"odd", {}, {{odd}, {odd}}}},
  });
}

}  // namespace lockstep::ops
