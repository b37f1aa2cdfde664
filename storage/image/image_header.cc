// SPDX-License-Identifier: Apache-2.0
#include "storage/image/image_header.h"

#include "storage/image/header_parsers.h"

namespace lockstep::storage {
namespace {

bool SidesChangePlaces(int orientation) { return orientation >= 5; }

}  // namespace

Result<ImageHeader> ReadImageHeader(std::string_view file_bytes) {
  if (file_bytes.starts_with(kJpegSignature)) return ReadJpegHeader(file_bytes);
  if (file_bytes.starts_with(kPngSignature)) return ReadPngHeader(file_bytes);
  return DataLoss(DescribeForeignBytes(file_bytes));
}

ImageSize StoredSize(const ImageHeader& header, int64_t channels) {
  if (SidesChangePlaces(header.orientation)) return {header.width, header.height, channels};
  return {header.height, header.width, channels};
}

void SetOrientedSize(int orientation, int64_t height, int64_t width, ImageHeader* header) {
  header->orientation = orientation;
  header->height = SidesChangePlaces(orientation) ? width : height;
  header->width = SidesChangePlaces(orientation) ? height : width;
}

Status CheckStoredSize(std::string_view format, int64_t height, int64_t width) {
  const std::string size = std::to_string(height) + "x" + std::to_string(width);
  if (height <= 0 || width <= 0) {
    return DataLoss("the " + std::string(format) + " says that its size is " + size +
                    " pixels; both sides must be at least 1. Fetch it again or leave it out");
  }
  if (height > kMaxPixels / width) {
    return DataLoss("the " + std::string(format) + " says that its size is " + size +
                    " pixels; at most " + std::to_string(kMaxPixels) +
                    " pixels can be read. Make it smaller or leave it out");
  }
  return {};
}

}  // namespace lockstep::storage
