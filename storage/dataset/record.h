// SPDX-License-Identifier: Apache-2.0
// The bytes of a record in the store, version 2. All integers are little-endian:
//
//   0   u64  XXH3-64 of (the id as u64, then every byte from 8 to the end)
//   8   u16  record version: 2
//   10  u16  number of fields
//   12  u32  length P of the source path
//   16  P bytes of path (UTF-8), then one entry of 36 bytes for each field, in the schema's order:
//         u16 encoding, u16 rank, u32 dims[4] (0 from the rank on), u64 offset of the value from
//         the record's start, u64 its length
//       then the values, each at the next multiple of 8 bytes, with zeros between; nothing after
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/sample/schema.h"
#include "base/status.h"
#include "storage/dataset/field_value.h"

namespace lockstep::storage {

// One sample as the store has it. It owns the bytes, once; the values are views into them, which
// end with the record.
class Record {
 public:
  Record() = default;
  // Takes over `bytes`. Fails with data-loss, without the record's name, where they are not a
  // record of this id and schema.
  static Result<Record> Decode(SampleId id, std::string bytes, const Schema& schema);

  SampleId id() const { return id_; }
  std::string_view source_path() const;  // of the original, relative to the source
  size_t fields() const { return fields_; }
  FieldView field(size_t index) const;
  const std::string& bytes() const { return bytes_; }
  uint64_t checksum() const;

  bool operator==(const Record& other) const { return id_ == other.id_ && bytes_ == other.bytes_; }

 private:
  SampleId id_{~uint64_t{0}};
  std::string bytes_;
  size_t fields_ = 0;
  size_t path_length_ = 0;
};

// The values are in the schema's order and have passed CheckValue.
std::string EncodeRecord(SampleId id, std::string_view source_path,
                         std::span<const FieldValue> values);

// The checksum at the head of an encoded record.
uint64_t RecordChecksum(std::string_view encoded);

// What a dataset's columns say of each sample, so that sizes and labels are known without its
// record.
struct SampleFacts {
  int32_t height = 0, width = 0;  // of the first image as it appears; 0 without an image
  int32_t label = -1;             // of the first label field; -1 without one
  int32_t boxes = 0;              // how many the first boxes field has
  bool operator==(const SampleFacts&) const = default;
};
SampleFacts FactsOf(const Schema& schema, std::span<const FieldValue> values);
SampleFacts FactsOf(const Schema& schema, const Record& record);

// The key of a sample in the store: its id in 8 bytes, big-endian, so that keys sort as ids do.
std::string KeyOfSample(SampleId id);
bool SampleOfKey(std::string_view key, SampleId* id);  // false if it is not 8 bytes long

// "sample 17 (key 0000000000000011)".
std::string DescribeSample(SampleId id);

}  // namespace lockstep::storage
