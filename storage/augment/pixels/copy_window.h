// SPDX-License-Identifier: Apache-2.0
// CopyWindow: a window of an image that may reach outside it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "storage/augment/view.h"

namespace lockstep::storage {

// out (packed) = the window of `in`; what lies outside the image is `fill` in every channel.
template <typename T>
void CopyWindow(const View<T>& in, const Window& window, T fill, T* out) {
  const int64_t channels = in.size.channels;
  // Columns [begin, end) of the window lie inside the image.
  const int64_t begin = std::clamp<int64_t>(-window.left, 0, window.width);
  const int64_t end = std::clamp<int64_t>(in.size.width - window.left, begin, window.width);
  for (int64_t y = 0; y < window.height; ++y) {
    const int64_t from = y + window.top;
    if (from < 0 || from >= in.size.height || begin >= end) {
      out = std::fill_n(out, window.width * channels, fill);
      continue;
    }
    out = std::fill_n(out, begin * channels, fill);
    const T* const inside = in.row(from) + (window.left + begin) * channels;
    out = std::copy_n(inside, (end - begin) * channels, out);
    out = std::fill_n(out, (window.width - end) * channels, fill);
  }
}

}  // namespace lockstep::storage
