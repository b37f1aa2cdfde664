// SPDX-License-Identifier: Apache-2.0
// SampleCheck: whether the values that an importer hands over can become a sample, and what is
// learned of them on the way. Internal to storage/import.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/sample/schema.h"
#include "base/status.h"
#include "storage/dataset/channel_statistics.h"
#include "storage/dataset/field_value.h"
#include "storage/image/image_decoder.h"

namespace lockstep::storage {

// Puts in the dimensions that an importer may leave empty: those of encoded images (height, width
// and `channels`) and masks. Reads their headers alone. Fails with data-loss, and the reason, where
// a value is not what its field may be.
Status CompleteValues(const Schema& schema, int64_t channels, std::vector<FieldValue>* values);

// One for each thread.
class SampleCheck {
 public:
  SampleCheck(const Schema* schema, int64_t channels);

  // CompleteValues; every image and mask is decoded; what belongs to boxes has a value for each of
  // them, and their coordinates are finite. Where `sums` is not null, the pixels of the first image
  // are added to it.
  Status Check(std::vector<FieldValue>* values, ChannelSums* sums);

  // The memory that is kept from one sample to the next; it does not stay as large as the largest.
  static constexpr size_t kMostKept = size_t{64} << 20;
  size_t kept_bytes() const { return pixels_.capacity(); }

 private:
  Status CheckAll(const std::vector<FieldValue>& values, ChannelSums* sums);
  Status CheckImage(const FieldValue& value, ChannelSums* sums);
  Status CheckMask(const FieldSpec& spec, const FieldValue& value, const FieldValue& image);

  const Schema* schema_;
  int64_t channels_;
  ImageDecoder decoder_;
  std::vector<uint8_t> pixels_;
};

}  // namespace lockstep::storage
