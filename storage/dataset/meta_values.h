// SPDX-License-Identifier: Apache-2.0
// Keys and values of the `meta` column family. A value is its XXH3-64 (8 bytes, little-endian, over
// the key, a zero byte and the contents), then the contents.
//
//   info                        DatasetInfo (info_codec.h)
//   facts/00000000 ...          SampleFacts of the samples, one shard a value: all heights, then
//                               all widths, labels and counts of boxes, each an i32
//   listing/SPLIT/00000000 ...  the sorted source paths, each with a newline, 65,536 per value
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/dataset/record.h"

namespace lockstep::storage {

inline constexpr char kInfoKey[] = "info";
inline constexpr int64_t kPathsPerValue = 65536;

std::string FactsKey(int64_t chunk);
std::string EncodeFacts(std::span<const SampleFacts> facts);
// Fails with data-loss where there are not `count` of them.
Result<std::vector<SampleFacts>> DecodeFacts(std::string_view text, int64_t count);

std::string ListingKey(std::string_view split, int64_t chunk);
std::string SealMetaValue(std::string_view key, std::string_view contents);
// Fails with data-loss where the checksum does not fit.
Result<std::string> OpenMetaValue(std::string_view key, std::string_view value);

}  // namespace lockstep::storage
