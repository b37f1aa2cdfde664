// SPDX-License-Identifier: Apache-2.0
#include "base/sample/row_type.h"

#include <string>

namespace lockstep {

Result<TensorType> RowTypeOf(const FieldSpec& field, const Shape& image, DType precision) {
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
    default:
      return InvalidArgument("field '" + field.name + "' is of kind " +
                             std::string(FieldKindName(field.kind)) +
                             ", which no batch can hold yet; expected image, label, labels, "
                             "numbers or mask");
  }
}

}  // namespace lockstep
