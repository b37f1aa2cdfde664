// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/meta_values.h"

#include <cstdio>

#include "base/hash.h"
#include "storage/dataset/little_endian.h"

namespace lockstep::storage {
namespace {

uint64_t ChecksumOf(std::string_view key, std::string_view contents) {
  Hasher hasher;
  hasher.Update(key);
  hasher.Update("", 1);
  hasher.Update(contents);
  return hasher.Digest64();
}

}  // namespace

std::string ListingKey(std::string_view split, int64_t chunk) {
  char number[24];
  std::snprintf(number, sizeof number, "%08lld", static_cast<long long>(chunk));
  return "listing/" + std::string(split) + "/" + number;
}

std::string SealMetaValue(std::string_view key, std::string_view contents) {
  std::string value;
  value.reserve(8 + contents.size());
  AppendLittleEndian<uint64_t>(ChecksumOf(key, contents), &value);
  value += contents;
  return value;
}

Result<std::string> OpenMetaValue(std::string_view key, std::string_view value) {
  const std::string name = "meta value '" + std::string(key) + "'";
  if (value.size() < 8) return DataLoss(name + " has " + std::to_string(value.size()) + " bytes");
  const std::string_view contents = value.substr(8);
  if (LoadLittleEndian<uint64_t>(value.data()) != ChecksumOf(key, contents)) {
    return DataLoss(name + " fails its checksum");
  }
  return std::string(contents);
}

}  // namespace lockstep::storage
