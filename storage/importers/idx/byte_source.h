// SPDX-License-Identifier: Apache-2.0
// ByteSource: a file's contents read from the front, plain or out of gzip, whichever it is. What a
// foreign file says about its size is never believed: memory grows as bytes really come.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "storage/source/byte_input.h"

namespace lockstep::storage {

class ByteSource {
 public:
  // Reads `input`, which outlives it; gzip (RFC 1952, several members joined too) is told by its
  // first two bytes. `name` is what messages call it.
  static Result<std::unique_ptr<ByteSource>> Make(ByteInput* input, std::string_view name);
  virtual ~ByteSource() = default;

  // Appends `size` bytes to `out`, or as many as there are before the end. Fails with data-loss
  // where gzip is damaged or cut short.
  virtual Status Read(size_t size, std::string* out) = 0;
};

}  // namespace lockstep::storage
