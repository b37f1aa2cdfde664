// SPDX-License-Identifier: Apache-2.0
// A sample of the schema ImageAndLabel with raw pixels, for tests only.
#pragma once

#include <string>
#include <vector>

#include "base/check.h"
#include "storage/dataset/record.h"

namespace lockstep::storage {

struct ImageSample {
  int32_t label = 0;
  int32_t height = 0, width = 0, channels = 0;
  std::string pixels;  // H W C

  std::vector<FieldValue> Values() const {
    return {ImageValue(height, width, channels, pixels), LabelValue(label)};
  }
  bool operator==(const ImageSample&) const = default;

  static ImageSample Of(const Record& record) {
    const FieldView image = record.field(0);
    return {LabelOf(record.field(1)), static_cast<int32_t>(image.dims[0]),
            static_cast<int32_t>(image.dims[1]), static_cast<int32_t>(image.dims[2]),
            std::string(image.bytes)};
  }
  Record MakeRecord(SampleId id, const std::string& path, const Schema& schema) const {
    Result<Record> record = Record::Decode(id, EncodeRecord(id, path, Values()), schema);
    CHECK(record.ok()) << record.status();
    return *std::move(record);
  }
};

}  // namespace lockstep::storage
