// SPDX-License-Identifier: Apache-2.0
#include "ops/metric/top_k_correct/top_k_correct.h"

#include "ops/core/prediction.h"
#include "ops/core/registry.h"
#include "ops/metric/top_k_correct/top_k_correct_cpu.h"

namespace lockstep::ops {

Value TopKCorrect(Emitter* e, Value logits, Value labels, const TopKAttrs& attrs) {
  return e->Emit1("top_k_correct", Pack(attrs), {logits, labels});
}

namespace top_k_correct {
namespace {

Result<TensorTypes> Infer(const TopKAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectLogitsAndLabels(in));
  if (attrs.k < 1) {
    return InvalidArgument("k is " + std::to_string(attrs.k) + "; expected at least 1");
  }
  return TensorTypes{{DType::kInt64, {}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<TopKAttrs>({.name = "top_k_correct",
                           .infer = Infer,
                           .reference_f32 = Reference<float>,
                           .reference_f64 = Reference<double>,
                           .cost = ComparisonCost,
                           .samples = {LogitsAndLabels("odd", Pack(TopKAttrs{3}), 37, 11),
                                       LogitsAndLabels("one_row", Pack(TopKAttrs{1}), 1, 3),
                                       LogitsAndLabels("fewer_classes", Pack(TopKAttrs{5}), 4, 2),
                                       LogitsAndLabels("no_rows", Pack(TopKAttrs{5}), 0, 10)}});
}

}  // namespace top_k_correct
}  // namespace lockstep::ops
