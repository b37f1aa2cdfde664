// SPDX-License-Identifier: Apache-2.0
// Fuzz target (libFuzzer): any bytes as an image file. What decodes decodes the same again, and a
// window of it is what lies there in the whole.
#include <cstring>
#include <vector>

#include "base/hash.h"
#include "storage/image/image_decoder.h"

using namespace lockstep;           // NOLINT: a program of one file
using namespace lockstep::storage;  // NOLINT

namespace {

constexpr int64_t kMostPixels = 1 << 16;  // larger ones take long and show nothing new

// Part of [0, length), drawn from a random number.
void Part(uint64_t random, int64_t length, int64_t* begin, int64_t* size) {
  *begin = static_cast<int64_t>((random >> 32) % static_cast<uint64_t>(length));
  *size = 1 + static_cast<int64_t>((random & 0xffffffff) % static_cast<uint64_t>(length - *begin));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto header = ReadImageHeader(bytes);
  if (!header.ok() || header->height > kMostPixels / header->width) return 0;
  ImageDecoder decoder;
  for (const int64_t channels : {3, 1}) {
    std::vector<uint8_t> whole(static_cast<size_t>(header->height * header->width * channels));
    if (!decoder.Decode(bytes, *header, channels, whole.data()).ok()) return 0;
    std::vector<uint8_t> again(whole.size(), 1);
    CHECK(decoder.Decode(bytes, *header, channels, again.data()).ok());
    CHECK(whole == again);
    Window window;
    Part(Hash64(bytes), header->height, &window.top, &window.height);
    Part(Hash64(&size, sizeof(size)) ^ Hash64(bytes), header->width, &window.left, &window.width);
    CHECK(decoder.Decode(bytes, *header, channels, window, again.data()).ok());
    const auto row_bytes = static_cast<size_t>(window.width * channels);
    for (int64_t y = 0; y < window.height; ++y) {
      const int64_t first = (window.top + y) * header->width + window.left;
      CHECK_EQ(std::memcmp(again.data() + static_cast<size_t>(y) * row_bytes,
                           whole.data() + first * channels, row_bytes),
               0);
    }
  }
  if (MaskStatus(*header).ok()) {
    std::vector<uint8_t> values(static_cast<size_t>(2 * header->height * header->width));
    CHECK(decoder.DecodeMask(bytes, *header, {0, 0, header->height, header->width}, values.data())
              .ok());
  }
  return 0;
}
