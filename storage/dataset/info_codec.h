// SPDX-License-Identifier: Apache-2.0
// DatasetInfo as the text kept in the store, and the dataset digest. docs/formats.md has both.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/ids.h"
#include "base/status.h"
#include "storage/dataset/dataset.h"

namespace lockstep::storage {

inline constexpr uint64_t kDatasetVersion = 2;

// As JSON. Fails with invalid-argument if a text in it is not UTF-8.
Result<std::string> EncodeInfo(const DatasetInfo& info);
// Fails with data-loss where the text is not what EncodeInfo writes, or contradicts itself.
Result<DatasetInfo> DecodeInfo(std::string_view text);

// XXH3-128 over the version, schema, splits, shard size and channel statistics of `info`, then
// (id, record checksum) of every sample in id order. The other fields are not in it.
class DigestBuilder {
 public:
  explicit DigestBuilder(const DatasetInfo& info);
  void Add(SampleId id, uint64_t record_checksum);
  Hash128Value Digest() const { return hasher_.Digest128(); }

 private:
  Hasher hasher_;
};

}  // namespace lockstep::storage
