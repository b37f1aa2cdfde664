// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/l1/l1.h"

namespace lockstep::ops::l1 {

void Register(OpRegistry& registry) {
  RegisterElementwiseLoss<L1>(registry,
                              {ElementwiseLossSample("odd", NoAttrs{}, {5, 7}, Fill::kNormal),
                               ElementwiseLossSample("one_row", NoAttrs{}, {1, 3}, Fill::kNormal),
                               ElementwiseLossSample("no_rows", NoAttrs{}, {0, 3}, Fill::kNormal)});
  registry.AddLoss<NoAttrs>({.name = "l1",
                             .doc = "mean absolute error of numbers",
                             .target = kNumbersTarget,
                             .build = ElementwiseLoss<L1>::Build});
}

}  // namespace lockstep::ops::l1
