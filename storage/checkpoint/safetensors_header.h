// SPDX-License-Identifier: Apache-2.0
// The JSON header of a safetensors file, parsed strictly. Internal to storage/checkpoint.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/checkpoint/safetensors.h"

namespace lockstep::storage {

struct SafetensorsEntry {
  std::string name;
  std::string dtype;  // as in the file
  std::vector<uint64_t> shape;
  uint64_t begin = 0, end = 0;  // data_offsets
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in header order
  TensorMetadata metadata;
};

// Fails with data-loss unless the text is an object of entries with exactly dtype, shape and
// data_offsets, and perhaps __metadata__ with texts; no name twice; at most 32 dimensions.
Result<SafetensorsHeader> ParseSafetensorsHeader(std::string_view text);

}  // namespace lockstep::storage
