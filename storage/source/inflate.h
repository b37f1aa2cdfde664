// SPDX-License-Identifier: Apache-2.0
// The contents of one file of a zip archive, unpacked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lockstep::storage {

// The most that `packed` bytes of deflate can unpack to (a match of 258 bytes takes two bits).
constexpr int64_t MostUnpacked(int64_t packed) { return packed * 1032 + 1032; }

// Deflate (RFC 1951) of exactly `size` bytes, at most MostUnpacked: data-loss where it is damaged,
// or ends before, or goes on after. The message does not name the file.
Result<std::string> Inflate(std::string_view packed, int64_t size);

// As zip has it. `before`: that of the bytes before these.
uint32_t Crc32(std::string_view bytes, uint32_t before = 0);

}  // namespace lockstep::storage
