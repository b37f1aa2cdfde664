// SPDX-License-Identifier: Apache-2.0
// Images for tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "storage/augment/view.h"
#include "storage/image/image.h"

namespace lockstep::storage {

// Slopes with a coarse pattern and some noise, as testdata/operations_reference.py makes them.
inline std::vector<uint8_t> MadeImage(const ImageSize& size) {
  std::vector<uint8_t> image;
  for (int64_t y = 0; y < size.height; ++y) {
    for (int64_t x = 0; x < size.width; ++x) {
      for (int64_t c = 0; c < size.channels; ++c) {
        const int64_t value = 3 * x + 5 * y + 60 * c + 90 * ((x / 5 + y / 7 + c) % 2) +
                              (x * y * 31 + x * 17 + c * 41) % 23;
        image.push_back(static_cast<uint8_t>(value % 256));
      }
    }
  }
  return image;
}

inline std::vector<uint8_t> PackedPixels(const ImageView& view) {
  std::vector<uint8_t> pixels;
  for (int64_t y = 0; y < view.size.height; ++y) {
    pixels.insert(pixels.end(), view.row(y), view.row(y) + view.size.width * view.size.channels);
  }
  return pixels;
}

// An image that is not in memory until it is read, and remembers which windows were.
class RecordedSource : public PixelSource {
 public:
  explicit RecordedSource(const ImageSize& size) : size_(size), pixels_(MadeImage(size)) {}

  ImageSize size() const override { return size_; }
  Status Read(const Window& window, uint8_t* out) const override {
    reads_.push_back(window);
    if (broken_) return DataLoss("the image is broken");
    const View<uint8_t> part = WholeOf(pixels_.data(), size_).Part(window);
    const std::vector<uint8_t> pixels = PackedPixels(part);
    std::copy(pixels.begin(), pixels.end(), out);
    return OkStatus();
  }

  void Break() { broken_ = true; }
  const std::vector<Window>& reads() const { return reads_; }

 private:
  ImageSize size_;
  std::vector<uint8_t> pixels_;
  bool broken_ = false;
  mutable std::vector<Window> reads_;
};

}  // namespace lockstep::storage
