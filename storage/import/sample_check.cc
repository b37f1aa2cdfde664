// SPDX-License-Identifier: Apache-2.0
#include "storage/import/sample_check.h"

#include "base/check.h"

namespace lockstep::storage {

Status CompleteValues(const Schema& schema, int64_t channels, std::vector<FieldValue>* values) {
  CHECK_EQ(values->size(), schema.fields.size());
  for (size_t f = 0; f < values->size(); ++f) {
    FieldValue& value = (*values)[f];
    RETURN_IF_ERROR(CheckValue(schema.fields[f], value.View()));
  }
  (void)channels;
  return OkStatus();
}

SampleCheck::SampleCheck(const Schema* schema, int64_t channels)
    : schema_(schema), channels_(channels) {}
SampleCheck::~SampleCheck() = default;

Status SampleCheck::CheckImage(const FieldValue& value, ChannelSums* sums) {
  if (sums != nullptr) sums->Add(value.bytes, static_cast<int32_t>(value.dims[2]));
  return OkStatus();
}

Status SampleCheck::Check(std::vector<FieldValue>* values, ChannelSums* sums) {
  RETURN_IF_ERROR(CompleteValues(*schema_, channels_, values));
  const int first_image = schema_->FirstOf(FieldKind::kImage);
  for (size_t f = 0; f < values->size(); ++f) {
    if (schema_->fields[f].kind != FieldKind::kImage) continue;
    RETURN_IF_ERROR(CheckImage((*values)[f], static_cast<int>(f) == first_image ? sums : nullptr));
  }
  return OkStatus();
}

}  // namespace lockstep::storage
