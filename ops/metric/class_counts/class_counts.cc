// SPDX-License-Identifier: Apache-2.0
#include "ops/metric/class_counts/class_counts.h"

#include "ops/core/prediction.h"
#include "ops/core/registry.h"
#include "ops/metric/class_counts/class_counts_cpu.h"

namespace lockstep::ops {

Value ClassCounts(Emitter* e, Value logits, Value labels) {
  return e->Emit1("class_counts", Pack(NoAttrs{}), {logits, labels});
}

namespace class_counts {
namespace {

Result<TensorTypes> Infer(const NoAttrs&, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectLogitsAndLabels(in));
  return TensorTypes{{DType::kInt64, {3, in[0].shape[1]}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<NoAttrs>(
      {.name = "class_counts",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .cost = ComparisonCost,
       .samples = {LogitsAndLabels("odd", {}, 37, 5), LogitsAndLabels("one_row", {}, 1, 3),
                   LogitsAndLabels("one_class", {}, 4, 1), LogitsAndLabels("no_rows", {}, 0, 10)}});
}

}  // namespace class_counts
}  // namespace lockstep::ops
