// SPDX-License-Identifier: Apache-2.0
// What an image is while it is worked on: bytes H W C, row-major, one byte a channel.
#pragma once

#include <cstdint>
#include <string>

#include "base/sample/schema.h"
#include "base/status.h"

namespace lockstep::storage {

struct ImageSize {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;
  int64_t pixels() const { return height * width; }
  int64_t bytes() const { return height * width * channels; }
  bool operator==(const ImageSize&) const = default;
  std::string ToString() const;  // "28x28x1"
};

// A rectangle of pixels: rows [top, top + height), columns [left, left + width).
struct Window {
  int64_t top = 0;
  int64_t left = 0;
  int64_t height = 0;
  int64_t width = 0;
  bool operator==(const Window&) const = default;
};

// The pixels of one image, wherever they come from: lying there, or made by decoding. Whoever needs
// a part of an image alone asks for that part, so that nothing else need be decoded.
class PixelSource {
 public:
  virtual ~PixelSource() = default;
  // Of the whole image, as it appears to a person.
  virtual ImageSize size() const = 0;
  // Writes the pixels of a window, H W C. The window lies inside the image and is not empty. The
  // bytes are those that a read of the whole image has there. Fails with data-loss where the image
  // cannot be decoded.
  virtual Status Read(const Window& window, uint8_t* out) const = 0;
  // The pixels of the whole image where they lie in memory already; else null.
  virtual const uint8_t* data() const { return nullptr; }
};

}  // namespace lockstep::storage
