// SPDX-License-Identifier: Apache-2.0
// PixelsInMemory: the source of an image that is not encoded.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/status.h"
#include "storage/image/image.h"

namespace lockstep::storage {

class PixelsInMemory : public PixelSource {
 public:
  // `pixels`: H W C, size.bytes() of them; they outlive the source.
  PixelsInMemory(const uint8_t* pixels, ImageSize size) : pixels_(pixels), size_(size) {}

  ImageSize size() const override { return size_; }
  const uint8_t* data() const override { return pixels_; }
  Status Read(const Window& window, uint8_t* out) const override {
    const int64_t row = window.width * size_.channels;
    for (int64_t y = 0; y < window.height; ++y) {
      const int64_t from = (window.top + y) * size_.width + window.left;
      std::memcpy(out + y * row, pixels_ + from * size_.channels, static_cast<size_t>(row));
    }
    return OkStatus();
  }

 private:
  const uint8_t* pixels_;
  ImageSize size_;
};

}  // namespace lockstep::storage
