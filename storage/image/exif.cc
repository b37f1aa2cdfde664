// SPDX-License-Identifier: Apache-2.0
#include "storage/image/exif.h"

#include <cstddef>
#include <cstdint>

namespace lockstep::storage {
namespace {

// Integers of either byte order. Places beyond the end read as 0.
class TiffReader {
 public:
  TiffReader(std::string_view bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  bool Has(uint64_t at, uint64_t size) const {
    return at <= bytes_.size() && size <= bytes_.size() - at;
  }

  uint32_t Integer(uint64_t at, uint64_t size) const {
    if (!Has(at, size)) return 0;
    uint32_t value = 0;
    for (uint64_t i = 0; i < size; ++i) {
      const uint64_t place = at + (big_endian_ ? i : size - 1 - i);
      value = value << 8 | static_cast<uint8_t>(bytes_[place]);
    }
    return value;
  }

 private:
  std::string_view bytes_;
  bool big_endian_;
};

}  // namespace

int ExifOrientation(std::string_view tiff) {
  constexpr uint32_t kMark = 42, kOrientationTag = 0x0112, kShort = 3, kLong = 4;
  constexpr uint64_t kEntryBytes = 12;
  const bool big_endian = tiff.starts_with("MM");
  if (!big_endian && !tiff.starts_with("II")) return 1;
  const TiffReader reader(tiff, big_endian);
  if (reader.Integer(2, 2) != kMark) return 1;
  const uint64_t directory = reader.Integer(4, 4);
  const uint64_t entries = reader.Integer(directory, 2);
  uint32_t orientation = 1;
  for (uint64_t i = 0; i < entries; ++i) {
    const uint64_t entry = directory + 2 + i * kEntryBytes;
    if (!reader.Has(entry, kEntryBytes)) break;
    if (reader.Integer(entry, 2) != kOrientationTag) continue;
    const uint32_t type = reader.Integer(entry + 2, 2);
    const bool single = reader.Integer(entry + 4, 4) == 1;
    orientation = 1;
    if (single && type == kShort) orientation = reader.Integer(entry + 8, 2);
    if (single && type == kLong) orientation = reader.Integer(entry + 8, 4);
  }
  return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
}

}  // namespace lockstep::storage
