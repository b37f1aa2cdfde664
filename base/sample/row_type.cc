// SPDX-License-Identifier: Apache-2.0
#include "base/sample/row_type.h"

#include <algorithm>
#include <string>
#include <utility>

namespace lockstep {
namespace {

int64_t RowsOfBoxes(int64_t most, int64_t largest) {
  constexpr int64_t kMultiple = 8;
  if (most > 0) return most;
  return (std::max<int64_t>(1, largest) + kMultiple - 1) / kMultiple * kMultiple;
}

}  // namespace

Result<TensorType> RowTypeOf(const FieldSpec& field, const Shape& image, DType precision,
                             int64_t most) {
  switch (field.kind) {
    case FieldKind::kImage:
      return TensorType{precision, image};
    case FieldKind::kLabel:
      return TensorType{DType::kInt32, {}};
    case FieldKind::kLabels:
      return TensorType{precision, {static_cast<int64_t>(field.classes.size())}};
    case FieldKind::kNumbers:
      return TensorType{precision, {field.most}};
    case FieldKind::kMask:
      return TensorType{DType::kInt32, {image[0], image[1]}};
    case FieldKind::kBoxes:
      return TensorType{precision, {RowsOfBoxes(most, field.most), 4}};
    case FieldKind::kBoxLabels:
    case FieldKind::kBoxFlags:
      return TensorType{DType::kInt32, {RowsOfBoxes(most, field.most)}};
    case FieldKind::kBoxArea:
      return TensorType{precision, {RowsOfBoxes(most, field.most)}};
    default:
      return InvalidArgument("field '" + field.name + "' is of kind " +
                             std::string(FieldKindName(field.kind)) +
                             ", which no batch can hold yet; expected image, label, labels, "
                             "numbers, mask, boxes, box_labels, box_flags or box_area");
  }
}

Result<std::vector<BatchTensor>> TensorsOfBatch(const Schema& schema,
                                                const std::vector<InputSpec>& inputs,
                                                const Shape& image, DType precision) {
  std::vector<BatchTensor> tensors, counts;
  for (const InputSpec& input : inputs) {
    const FieldSpec* const field = schema.Find(input.field);
    if (field == nullptr) {
      return InvalidArgument("tensor '" + input.tensor + "' needs a field '" + input.field +
                             "'; the dataset has: " + schema.ToString());
    }
    if (input.most < 0) {
      return InvalidArgument("tensor '" + input.tensor + "' is to hold " +
                             std::to_string(input.most) + " boxes, expected 0 or more");
    }
    // What belongs to boxes has as many rows as they have.
    FieldSpec sized = *field;
    if (const FieldSpec* boxes = schema.Find(field->of)) sized.most = boxes->most;
    ASSIGN_OR_RETURN(TensorType row, RowTypeOf(sized, image, precision, input.most));
    tensors.push_back({input.tensor, std::move(row)});
    if (field->kind == FieldKind::kBoxes) {
      counts.push_back({input.tensor + ".count", {DType::kInt32, {}}});
    }
  }
  for (BatchTensor& count : counts) tensors.push_back(std::move(count));
  return tensors;
}

}  // namespace lockstep
