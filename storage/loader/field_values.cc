// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/field_values.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "storage/image/image_header.h"

namespace lockstep::storage {
namespace {

template <typename T>
void CopyValues(const FieldView& value, std::vector<T>* to) {
  to->resize(value.bytes.size() / sizeof(T));
  if (!to->empty()) std::memcpy(to->data(), value.bytes.data(), to->size() * sizeof(T));
}

}  // namespace

Result<MaskField> ReadMask(const FieldView& value, ImageDecoder* decoder) {
  MaskField mask;
  mask.height = value.dims[0];
  mask.width = value.dims[1];
  const auto pixels = static_cast<size_t>(mask.height * mask.width);
  bool wide = value.bytes.size() == 2 * pixels;
  const void* bytes = value.bytes.data();
  std::vector<uint8_t> decoded;
  if (value.encoding == Encoding::kPng) {
    ASSIGN_OR_RETURN(const ImageHeader header, ReadImageHeader(value.bytes));
    if (header.height != mask.height || header.width != mask.width) {
      return DataLoss("a mask is said to be " + value.ToString() + ", and its file is " +
                      StoredSize(header, 1).ToString());
    }
    wide = header.sixteen_bit;
    decoded.resize(pixels * (wide ? 2 : 1));
    RETURN_IF_ERROR(
        decoder->DecodeMask(value.bytes, header, {0, 0, mask.height, mask.width}, decoded.data()));
    bytes = decoded.data();
  }
  mask.values.resize(pixels);
  if (wide) {
    std::memcpy(mask.values.data(), bytes, 2 * pixels);
  } else {
    const auto* const narrow = static_cast<const uint8_t*>(bytes);
    for (size_t i = 0; i < pixels; ++i) mask.values[i] = narrow[i];
  }
  mask.ignore = wide ? 65535 : 255;
  return mask;
}

BoxesField ReadBoxes(const Schema& schema, const Record& record, size_t field) {
  BoxesField boxes;
  CopyValues(record.field(field), &boxes.xyxy);
  for (size_t f = 0; f < record.fields(); ++f) {
    const FieldSpec& companion = schema.fields[f];
    const FieldView value = record.field(f);
    if (companion.of != schema.fields[field].name || value.absent()) continue;
    if (companion.kind == FieldKind::kBoxLabels) CopyValues(value, &boxes.labels);
    if (companion.kind == FieldKind::kBoxFlags) CopyValues(value, &boxes.flags);
    if (companion.kind == FieldKind::kBoxArea) CopyValues(value, &boxes.area);
  }
  return boxes;
}

}  // namespace lockstep::storage
