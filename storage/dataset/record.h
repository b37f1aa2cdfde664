// SPDX-License-Identifier: Apache-2.0
// The bytes of a record in the store, version 1. All integers little-endian:
//
//   0   u64  XXH3-64 of (the id as u64, then every byte from 8 to the end)
//   8   u16  record version: 1
//   10  u16  encoding of the pixels: 0 = raw, H W C, one byte per value
//   12  i32  label
//   16  u32  height    20  u32  width    24  u32  channels
//   28  u32  length P of the source path
//   32  P bytes of path (UTF-8), then height * width * channels bytes of pixels; nothing after
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/status.h"
#include "storage/dataset/dataset.h"

namespace lockstep::storage {

std::string EncodeRecord(const Record& record);  // sizes must fit the pixels (CHECK)

// Fails with data-loss, without the record's name, where the bytes are not a record of this id.
Result<Record> DecodeRecord(SampleId id, std::string_view bytes);

// The checksum at the head of an encoded record.
uint64_t RecordChecksum(std::string_view encoded);

// The key of a sample in the store: its id in 8 bytes, big-endian, so that keys sort as ids do.
std::string KeyOfSample(SampleId id);
bool SampleOfKey(std::string_view key, SampleId* id);  // false if it is not 8 bytes long

// "sample 17 (key 0000000000000011)".
std::string DescribeSample(SampleId id);

}  // namespace lockstep::storage
