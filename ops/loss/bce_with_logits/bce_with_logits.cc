// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/bce_with_logits/bce_with_logits.h"

namespace lockstep::ops::bce_with_logits {
namespace {

// Evaluation has no weights.
LossPair Build(Emitter* e, Value logits, Value labels, const BceOptions& options, bool training) {
  return ElementwiseLoss<BceWithLogits>::Build(e, logits, labels, training ? options : BceOptions{},
                                               training);
}

}  // namespace

void Register(OpRegistry& registry) {
  const auto sample = [](const char* name, std::vector<double> weights, const Shape& shape) {
    return ElementwiseLossSample(name, BceOptions{std::move(weights)}, shape, Fill::kPositive);
  };
  RegisterElementwiseLoss<BceWithLogits>(
      registry, {sample("odd", {1.0}, {5, 7}), sample("one_row", {1.0}, {1, 3}),
                 sample("weights", {0.5, 1.0, 4.0}, {4, 3}), sample("one_weight", {3.0}, {2, 5}),
                 sample("no_rows", {1.0}, {0, 3})});
  registry.AddLoss<BceOptions>({.name = "bce",
                                .doc = "binary cross-entropy of each label, from logits",
                                .target = kLabelsTarget,
                                .build = Build});
}

}  // namespace lockstep::ops::bce_with_logits
