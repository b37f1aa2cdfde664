// SPDX-License-Identifier: Apache-2.0
// RowSink: where the decoders put rows of the stored picture. It makes of them the channels that
// were asked for and writes them where the orientation of EXIF puts them.
#pragma once

#include <cstdint>

#include "storage/image/image.h"
#include "storage/image/image_header.h"

namespace lockstep::storage {

class RowSink {
 public:
  // `window` is of the image as it appears and lies inside it; `out` is H W C of the window.
  RowSink(const ImageHeader& header, const Window& window, int64_t channels, uint8_t* out);

  // The part of the stored picture that the window is.
  const Window& stored() const { return stored_; }

  // `pixels` are those of row stored().top + row, stored().width of them with `values` bytes each.
  // As many bytes as there are channels are copied as they are. Else there are 1 or 3 channels, and
  // the values are grey, grey and alpha, colour (red, green, blue), or colour and alpha: grey is
  // repeated, colour becomes grey, alpha is dropped.
  void Put(int64_t row, const uint8_t* pixels, int64_t values) const;

 private:
  Window stored_;
  int64_t channels_;
  uint8_t* first_;      // of the pixel that is the first one of the stored window
  int64_t row_step_;    // bytes in `out` from one stored row to the next
  int64_t pixel_step_;  // and from one stored column to the next
};

// Where a window of the image as it appears lies in the stored picture.
Window StoredWindow(const ImageHeader& header, const Window& window);

// The grey of a colour: ITU-R 601-2 luma in 16-bit fixed point, rounded.
inline uint8_t Luma(uint8_t r, uint8_t g, uint8_t b) {
  return static_cast<uint8_t>((r * 19595U + g * 38470U + b * 7471U + 0x8000U) >> 16);
}

}  // namespace lockstep::storage
