// SPDX-License-Identifier: Apache-2.0
// ImageHeader: what a JPEG or PNG file says of its picture before any pixel is decoded. The parser
// is our own and reads foreign bytes; docs/images.md says what becomes of each kind of file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "storage/image/image.h"

namespace lockstep::storage {

enum class ImageFormat : uint8_t { kJpeg, kPng };

struct ImageHeader {
  ImageFormat format = ImageFormat::kJpeg;
  int64_t height = 0;  // as the image appears: after the orientation has been applied
  int64_t width = 0;
  int orientation = 1;       // of EXIF, 1 to 8; 1 where there is none or it is not valid
  bool grey = false;         // a JPEG of one component; a PNG of grey values, with alpha or without
  bool palette = false;      // a PNG whose pixels are indices of a palette
  bool alpha = false;        // a PNG with an alpha channel or a tRNS chunk
  bool sixteen_bit = false;  // a PNG of 16 bits a value
  bool cmyk = false;         // a JPEG of four components: CMYK or YCCK
  bool animated = false;     // a PNG with an acTL chunk before its picture

  bool operator==(const ImageHeader&) const = default;
};

// The header of the image that these bytes of a whole file are. Fails with data-loss, and says what
// the bytes are, where they are no JPEG or PNG that can be decoded. That the header is well does
// not say that the pixels are.
Result<ImageHeader> ReadImageHeader(std::string_view file_bytes);

// How the image lies in the file: height and width change places where the orientation turns it by
// a quarter.
ImageSize StoredSize(const ImageHeader& header, int64_t channels);

}  // namespace lockstep::storage
