// SPDX-License-Identifier: Apache-2.0
// Bytes of the on-disk formats and of what is hashed: little-endian integers of a stated width,
// doubles by their bits, strings behind a 32-bit length. ByteReader never reads beyond its end:
// foreign bytes give data-loss, with the place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lockstep {

class ByteWriter {
 public:
  void U8(uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void U16(uint16_t value) { Integer(value, 2); }
  void U32(uint32_t value) { Integer(value, 4); }
  void U64(uint64_t value) { Integer(value, 8); }
  void I64(int64_t value) { Integer(static_cast<uint64_t>(value), 8); }
  void F64(double value);                // the 8 bytes of its bits
  void String(std::string_view text);    // U32 length, then the bytes; below 4 GiB
  void Raw(const void* data, size_t n);  // the bytes alone

  const std::string& bytes() const { return bytes_; }
  std::string Take() && { return std::move(bytes_); }

 private:
  void Integer(uint64_t value, int width);

  std::string bytes_;
};

// Reads from the front of bytes that must outlive it. After a failure its place is unchanged.
class ByteReader {
 public:
  // `what` names the bytes in messages: "record of sample 17".
  ByteReader(std::string_view bytes, std::string what) : bytes_(bytes), what_(std::move(what)) {}

  Result<uint8_t> U8();
  Result<uint16_t> U16();
  Result<uint32_t> U32();
  Result<uint64_t> U64();
  Result<int64_t> I64();
  Result<double> F64();
  Result<std::string_view> String();       // a view into the bytes
  Result<std::string_view> Raw(size_t n);  // the next n bytes, a view

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }
  // data-loss if bytes are left over.
  Status ExpectEnd() const;

 private:
  Result<uint64_t> Integer(size_t width);

  std::string_view bytes_;
  std::string what_;
  size_t position_ = 0;
};

// A 64-bit key whose bytewise order is its numeric order: 8 bytes, big-endian.
std::string BigEndianKey(uint64_t value);
Result<uint64_t> ParseBigEndianKey(std::string_view key);

}  // namespace lockstep
