// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <bit>
#include <limits>

namespace lockstep {
namespace {

template <typename T>
Result<T> Narrow(Result<uint64_t> wide) {
  if (!wide.ok()) return wide.status();
  return static_cast<T>(*wide);
}

}  // namespace

void ByteWriter::Integer(uint64_t value, int width) {
  for (int i = 0; i < width; ++i) bytes_.push_back(static_cast<char>(value >> (8 * i)));
}

void ByteWriter::F64(double value) { U64(std::bit_cast<uint64_t>(value)); }

void ByteWriter::String(std::string_view text) {
  CHECK_LE(text.size(), std::numeric_limits<uint32_t>::max());
  U32(static_cast<uint32_t>(text.size()));
  bytes_ += text;
}

void ByteWriter::Raw(const void* data, size_t n) {
  if (n > 0) bytes_.append(static_cast<const char*>(data), n);
}

Result<std::string_view> ByteReader::Raw(size_t n) {
  if (n > remaining()) {
    return DataLoss(what_ + ": truncated: " + std::to_string(n) + " bytes expected at offset " +
                    std::to_string(position_) + ", " + std::to_string(remaining()) + " are there");
  }
  const std::string_view view = bytes_.substr(position_, n);
  position_ += n;
  return view;
}

Result<uint64_t> ByteReader::Integer(size_t width) {
  ASSIGN_OR_RETURN(const std::string_view view, Raw(width));
  uint64_t value = 0;
  for (size_t i = width; i-- > 0;) value = value << 8 | static_cast<unsigned char>(view[i]);
  return value;
}

Result<uint8_t> ByteReader::U8() { return Narrow<uint8_t>(Integer(1)); }
Result<uint16_t> ByteReader::U16() { return Narrow<uint16_t>(Integer(2)); }
Result<uint32_t> ByteReader::U32() { return Narrow<uint32_t>(Integer(4)); }
Result<uint64_t> ByteReader::U64() { return Integer(8); }
Result<int64_t> ByteReader::I64() { return Narrow<int64_t>(Integer(8)); }

Result<double> ByteReader::F64() {
  ASSIGN_OR_RETURN(const uint64_t bits, Integer(8));
  return std::bit_cast<double>(bits);
}

Result<std::string_view> ByteReader::String() {
  const size_t start = position_;
  ASSIGN_OR_RETURN(const uint32_t length, U32());
  auto text = Raw(length);
  if (!text.ok()) position_ = start;
  return text;
}

Status ByteReader::ExpectEnd() const {
  if (remaining() == 0) return OkStatus();
  return DataLoss(what_ + ": " + std::to_string(remaining()) + " bytes left over at offset " +
                  std::to_string(position_) + "; expected its end there");
}

std::string BigEndianKey(uint64_t value) {
  std::string key(8, '\0');
  for (int i = 0; i < 8; ++i)
    key[static_cast<size_t>(i)] = static_cast<char>(value >> (56 - 8 * i));
  return key;
}

Result<uint64_t> ParseBigEndianKey(std::string_view key) {
  if (key.size() != 8) {
    return DataLoss("a key of " + std::to_string(key.size()) +
                    " bytes; expected 8 (a big-endian 64-bit number)");
  }
  uint64_t value = 0;
  for (const char c : key) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace lockstep
