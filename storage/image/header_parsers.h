// SPDX-License-Identifier: Apache-2.0
// The parts of ReadImageHeader (image_header.h) and what they share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "storage/image/image_header.h"

namespace lockstep::storage {

inline constexpr std::string_view kJpegSignature = "\xff\xd8";
inline constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";

// `bytes` begin with the signature of the format.
Result<ImageHeader> ReadJpegHeader(std::string_view bytes);
Result<ImageHeader> ReadPngHeader(std::string_view bytes);

// What bytes that are neither JPEG nor PNG are, as far as it can be seen: a sentence with what to
// do about it.
std::string DescribeForeignBytes(std::string_view bytes);

// Fails where a side is 0 or there are too many pixels; a PNG also where a side is too long.
Status CheckStoredSize(std::string_view format, int64_t height, int64_t width);
Status CheckPngSize(int64_t height, int64_t width);

// Sets orientation, height and width of an image that lies in the file as height x width.
void SetOrientedSize(int orientation, int64_t height, int64_t width, ImageHeader* header);

// The big-endian integer of `size` bytes at `at`; they lie inside `bytes`.
inline uint32_t BigEndian(std::string_view bytes, size_t at, size_t size) {
  uint32_t value = 0;
  for (const char c : bytes.substr(at, size)) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

}  // namespace lockstep::storage
