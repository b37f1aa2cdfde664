// SPDX-License-Identifier: Apache-2.0
// The idx format of the MNIST family: two zero bytes, an element type, the number of dimensions,
// each dimension as a big-endian u32, the elements. Only unsigned bytes (type 8) are read here. The
// format is described at the end of http://yann.lecun.com/exdb/mnist/.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lockstep::storage {

struct IdxArray {
  std::vector<int64_t> dims;
  std::string values;  // row-major, one byte per element
};

// Reads a whole idx file, plain or gzip, that must have `rank` dimensions (1 .. 3). Where it is
// none, or too short or too long, data-loss names the file, what was found and what was expected.
// Ends with cancelled once `stop` (may be null) is set.
Result<IdxArray> ParseIdx(std::string_view file_bytes, std::string_view name, int rank,
                          const std::atomic<bool>* stop = nullptr);
Result<IdxArray> ReadIdx(const std::string& path, int rank, const std::atomic<bool>* stop);

}  // namespace lockstep::storage
