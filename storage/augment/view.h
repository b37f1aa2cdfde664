// SPDX-License-Identifier: Apache-2.0
// View: a rectangle of pixels that lies in somebody's memory, such as a part of a larger image.
#pragma once

#include <cstdint>

#include "storage/image/image.h"

namespace lockstep::storage {

template <typename T>
struct View {
  const T* data = nullptr;
  int64_t stride = 0;  // values from a row to the next
  ImageSize size;

  const T* row(int64_t y) const { return data + y * stride; }
  // Whether the rows lie one behind the other without a gap.
  bool packed() const { return stride == size.width * size.channels || size.height <= 1; }
  // `window` lies inside.
  View Part(const Window& window) const {
    return {row(window.top) + window.left * size.channels,
            stride,
            {window.height, window.width, size.channels}};
  }
};

using ImageView = View<uint8_t>;
using MaskView = View<uint16_t>;

// All of an image that lies in `data`, packed.
template <typename T>
View<T> WholeOf(const T* data, ImageSize size) {
  return {data, size.width * size.channels, size};
}

// Whether a window lies inside an image.
inline bool LiesInside(const Window& window, const ImageSize& size) {
  return window.top >= 0 && window.left >= 0 && window.height <= size.height - window.top &&
         window.width <= size.width - window.left;
}

}  // namespace lockstep::storage
