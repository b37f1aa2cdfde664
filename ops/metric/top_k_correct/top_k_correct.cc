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

// One comparison per logit.
Cost CompareCost(const TopKAttrs&, const NodeSpec& node) {
  return {node.in[0].shape.elements(), BytesMoved(node)};
}

Sample MakeSample(std::string name, int64_t rows, int64_t classes, int64_t k) {
  return {std::move(name),
          Pack(TopKAttrs{k}),
          {{{DType::kFloat32, {rows, classes}}, Fill::kDistinct, 0, false},
           {{DType::kInt32, {rows}}, Fill::kLabels, classes, false}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<TopKAttrs>(
      {.name = "top_k_correct",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .cost = CompareCost,
       .samples = {MakeSample("odd", 37, 11, 3), MakeSample("one_row", 1, 3, 1),
                   MakeSample("fewer_classes", 4, 2, 5), MakeSample("no_rows", 0, 10, 5)}});
}

}  // namespace top_k_correct
}  // namespace lockstep::ops
