// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/bce_with_logits/bce_with_logits.h"

namespace lockstep::ops::bce_with_logits {

void Register(OpRegistry& registry) {
  RegisterElementwiseLoss<BceWithLogits>(
      registry, {ElementwiseLossSample("odd", NoAttrs{}, {5, 7}, Fill::kPositive),
                 ElementwiseLossSample("one_row", NoAttrs{}, {1, 3}, Fill::kPositive),
                 ElementwiseLossSample("no_rows", NoAttrs{}, {0, 3}, Fill::kPositive)});
  registry.AddLoss<NoAttrs>({.name = "bce",
                             .doc = "binary cross-entropy of each label, from logits",
                             .target = kLabelsTarget,
                             .build = ElementwiseLoss<BceWithLogits>::Build});
}

}  // namespace lockstep::ops::bce_with_logits
