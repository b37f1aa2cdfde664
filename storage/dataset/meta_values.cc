// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/meta_values.h"

#include <cstdio>
#include <iterator>

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

constexpr int32_t SampleFacts::*kColumns[] = {&SampleFacts::height, &SampleFacts::width,
                                              &SampleFacts::label, &SampleFacts::boxes};

std::string EightDigits(int64_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "%08lld", static_cast<long long>(number));
  return text;
}

}  // namespace

std::string ListingKey(std::string_view split, int64_t chunk) {
  return "listing/" + std::string(split) + "/" + EightDigits(chunk);
}

std::string FactsKey(int64_t chunk) { return "facts/" + EightDigits(chunk); }

std::string EncodeFacts(std::span<const SampleFacts> facts) {
  std::string text;
  text.reserve(facts.size() * sizeof(SampleFacts));
  for (int32_t SampleFacts::*column : kColumns) {
    for (const SampleFacts& sample : facts) {
      AppendLittleEndian<uint32_t>(static_cast<uint32_t>(sample.*column), &text);
    }
  }
  return text;
}

Result<std::vector<SampleFacts>> DecodeFacts(std::string_view text, int64_t count) {
  const auto n = static_cast<size_t>(count);
  if (text.size() != n * 4 * std::size(kColumns)) {
    return DataLoss("the facts of " + std::to_string(count) + " samples are " +
                    std::to_string(text.size()) + " bytes");
  }
  std::vector<SampleFacts> facts(n);
  const char* at = text.data();
  for (int32_t SampleFacts::*column : kColumns) {
    for (SampleFacts& sample : facts) {
      sample.*column = static_cast<int32_t>(LoadLittleEndian<uint32_t>(at));
      at += 4;
    }
  }
  return facts;
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
