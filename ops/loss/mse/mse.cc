// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/mse/mse.h"

namespace lockstep::ops::mse {

void Register(OpRegistry& registry) {
  RegisterElementwiseLoss<Mse>(
      registry, {ElementwiseLossSample("odd", NoAttrs{}, {5, 7}, Fill::kNormal),
                 ElementwiseLossSample("one_row", NoAttrs{}, {1, 3}, Fill::kNormal),
                 ElementwiseLossSample("no_rows", NoAttrs{}, {0, 3}, Fill::kNormal)});
  registry.AddLoss<NoAttrs>({.name = "mse",
                             .doc = "mean squared error of numbers",
                             .target = kNumbersTarget,
                             .build = ElementwiseLoss<Mse>::Build});
}

}  // namespace lockstep::ops::mse
