// SPDX-License-Identifier: Apache-2.0
// The two kinds of PixelSource (image.h): a file that is decoded on demand, and pixels in memory.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "storage/image/image.h"
#include "storage/image/image_decoder.h"

namespace lockstep::storage {

// The image of a JPEG or PNG file. Bytes and decoder belong to the caller and outlive it; the
// decoder is the reading thread's.
class EncodedImage : public PixelSource {
 public:
  // `header` is what ReadImageHeader says of `bytes`; `channels` is 1 or 3.
  EncodedImage(std::string_view bytes, const ImageHeader& header, int64_t channels,
               ImageDecoder* decoder)
      : bytes_(bytes), header_(header), channels_(channels), decoder_(decoder) {}

  ImageSize size() const override { return {header_.height, header_.width, channels_}; }
  Status Read(const Window& window, uint8_t* out) const override;

 private:
  std::string_view bytes_;
  ImageHeader header_;
  int64_t channels_;
  ImageDecoder* decoder_;
};

// Pixels H W C that lie in memory, which belongs to the caller and outlives it.
class RawImage : public PixelSource {
 public:
  RawImage(const uint8_t* pixels, const ImageSize& size) : pixels_(pixels), size_(size) {}

  ImageSize size() const override { return size_; }
  Status Read(const Window& window, uint8_t* out) const override;
  const uint8_t* data() const override { return pixels_; }

 private:
  const uint8_t* pixels_;
  ImageSize size_;
};

}  // namespace lockstep::storage
