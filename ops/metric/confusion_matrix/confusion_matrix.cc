// SPDX-License-Identifier: Apache-2.0
#include "ops/metric/confusion_matrix/confusion_matrix.h"

#include "ops/core/expect.h"
#include "ops/core/prediction.h"
#include "ops/core/registry.h"
#include "ops/metric/confusion_matrix/confusion_matrix_cpu.h"

namespace lockstep::ops {

Value ConfusionMatrix(Emitter* e, Value logits, Value labels) {
  return e->Emit1("confusion_matrix", Pack(NoAttrs{}), {logits, labels});
}

namespace confusion_matrix {
namespace {

Result<TensorTypes> Infer(const NoAttrs&, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectLogitsAndLabels(in));
  const int64_t classes = in[0].shape[1];
  RETURN_IF_ERROR(ExpectSize({DType::kInt64, {classes, classes}}, "the confusion matrix"));
  return TensorTypes{{DType::kInt64, {classes, classes}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<NoAttrs>(
      {.name = "confusion_matrix",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .cost = ComparisonCost,
       .samples = {LogitsAndLabels("odd", {}, 37, 5), LogitsAndLabels("one_row", {}, 1, 3),
                   LogitsAndLabels("one_class", {}, 4, 1), LogitsAndLabels("no_rows", {}, 0, 10)}});
}

}  // namespace confusion_matrix
}  // namespace lockstep::ops
