// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/smooth_l1/smooth_l1.h"

namespace lockstep::ops::smooth_l1 {

void Register(OpRegistry& registry) {
  const auto sample = [](const char* name, double beta, const Shape& shape) {
    return ElementwiseLossSample(name, SmoothL1Options{beta}, shape, Fill::kNormal);
  };
  RegisterElementwiseLoss<SmoothL1>(registry,
                                    {sample("odd", 1.0, {5, 7}), sample("narrow", 0.25, {3, 4}),
                                     sample("l1", 0.0, {4, 3}), sample("no_rows", 1.0, {0, 3})});
  registry.AddLoss<SmoothL1Options>({.name = "smooth-l1",
                                     .doc = "smooth L1 of numbers (Girshick, 2015)",
                                     .target = kNumbersTarget,
                                     .build = ElementwiseLoss<SmoothL1>::Build});
}

}  // namespace lockstep::ops::smooth_l1
