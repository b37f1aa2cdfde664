// SPDX-License-Identifier: Apache-2.0
// ImageDecoder: the pixels of JPEG and PNG files, whole or a window of them. The rules, by which
// the bytes are those of Pillow's ImageOps.exif_transpose(image).convert("RGB"), stand in
// docs/images.md. What is decoded depends on the bytes of the file alone: nothing of one file
// remains for the next.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/image/image.h"
#include "storage/image/image_header.h"

namespace lockstep::storage {

// One object is for one thread at a time; it keeps memory that the next image uses again.
//
// Truncated and damaged files fail with data-loss: there is no half picture. `out` may then be
// partly written. A window alone need not notice damage in what lies outside it.
class ImageDecoder {
 public:
  // Writes the window H W C: `channels` is 3 (red, green, blue) or 1 (grey). `header` is what
  // ReadImageHeader says of `bytes`. `window` is of the image as it appears, lies inside it and is
  // not empty.
  Status Decode(std::string_view bytes, const ImageHeader& header, int64_t channels,
                const Window& window, uint8_t* out);
  // The whole image. The end of the file is looked at too.
  Status Decode(std::string_view bytes, const ImageHeader& header, int64_t channels, uint8_t* out);

  // A mask: the values that the pixels of a PNG have, not what they look like. They are indices of
  // the palette, or grey values of 1 to 8 bits that are not scaled (u8), or of 16 bits (u16,
  // little-endian). `out` is u16 [H, W] where header.sixteen_bit, else u8 [H, W]. Fails with
  // data-loss where MaskStatus does.
  Status DecodeMask(std::string_view bytes, const ImageHeader& header, const Window& window,
                    void* out);

 private:
  std::vector<uint8_t> rows_;
};

// Whether an image can be a mask: a PNG of grey values or of palette indices, without an alpha
// channel (a palette may have transparent entries). The message says what to do.
Status MaskStatus(const ImageHeader& header);

}  // namespace lockstep::storage
