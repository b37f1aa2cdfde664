// SPDX-License-Identifier: Apache-2.0
#include "storage/image/encoded_image.h"

#include <cstring>

namespace lockstep::storage {

Status EncodedImage::Read(const Window& window, uint8_t* out) const {
  return decoder_->Decode(bytes_, header_, channels_, window, out);
}

Status RawImage::Read(const Window& window, uint8_t* out) const {
  CHECK_GE(window.top, 0);
  CHECK_GE(window.left, 0);
  CHECK_LE(window.top, size_.height - window.height);
  CHECK_LE(window.left, size_.width - window.width);
  const int64_t row_bytes = window.width * size_.channels;
  for (int64_t y = 0; y < window.height; ++y) {
    const int64_t first = (window.top + y) * size_.width + window.left;
    std::memcpy(out + y * row_bytes, pixels_ + first * size_.channels,
                static_cast<size_t>(row_bytes));
  }
  return {};
}

}  // namespace lockstep::storage
