// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/pixels/mirror.h"

#include <algorithm>
#include <cstring>

#include "base/device/for_isa.h"

namespace lockstep::storage {
namespace {

typedef uint8_t Sixteen __attribute__((vector_size(16)));

// The order of the bytes of 16 pixels turned round; of five, which lie in bytes 1 to 15, and any
// byte behind them.
template <int64_t kChannels>
LOCKSTEP_INLINE inline Sixteen Turned(Sixteen v) {
  static_assert(kChannels == 1 || kChannels == 3);
  if constexpr (kChannels == 1) {
    return __builtin_shufflevector(v, v, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  } else {
    return __builtin_shufflevector(v, v, 13, 14, 15, 10, 11, 12, 7, 8, 9, 4, 5, 6, 1, 2, 3, 0);
  }
}

// kChannels: how many there are, or 0 for any number.
template <int64_t kChannels>
LOCKSTEP_INLINE inline void MirrorRow(const uint8_t* in, int64_t width, int64_t channels,
                                      uint8_t* out) {
  int64_t x = 0;  // pixels written
  if constexpr (kChannels > 0) {
    constexpr int64_t kPixels = 16 / kChannels, kBefore = 16 % kChannels;
    // Bytes read before a group of pixels and written behind it are those of another pixel.
    for (; x + kPixels + kBefore <= width; x += kPixels) {
      Sixteen v;
      std::memcpy(&v, in + (width - x - kPixels) * kChannels - kBefore, sizeof v);
      v = Turned<kChannels>(v);
      std::memcpy(out + x * kChannels, &v, sizeof v);
    }
    channels = kChannels;
  }
  for (; x < width; ++x) {
    const uint8_t* const from = in + (width - 1 - x) * channels;
    for (int64_t c = 0; c < channels; ++c) out[x * channels + c] = from[c];
  }
}

template <int64_t kChannels>
void Mirror(const ImageView& in, uint8_t* out) {
  static const CpuIsa isa = HostCpuIsa();
  const ImageSize& size = in.size;
  const int64_t row = size.width * size.channels;
  RunForIsa(isa, [&]() LOCKSTEP_INLINE {
    for (int64_t y = 0; y < size.height; ++y) {
      MirrorRow<kChannels>(in.row(y), size.width, size.channels, out + y * row);
    }
  });
}

template <typename T>
void CopyRowsFromBelow(const View<T>& in, T* out) {
  for (int64_t y = in.size.height; y-- > 0;) {
    out = std::copy_n(in.row(y), in.size.width * in.size.channels, out);
  }
}

}  // namespace

void MirrorX(const ImageView& in, uint8_t* out) {
  switch (in.size.channels) {
    case 1:
      return Mirror<1>(in, out);
    case 3:
      return Mirror<3>(in, out);
    default:
      return Mirror<0>(in, out);
  }
}

void MirrorX(const MaskView& in, uint16_t* out) {
  for (int64_t y = 0; y < in.size.height; ++y) {
    out = std::reverse_copy(in.row(y), in.row(y) + in.size.width, out);
  }
}

void MirrorY(const ImageView& in, uint8_t* out) { CopyRowsFromBelow(in, out); }
void MirrorY(const MaskView& in, uint16_t* out) { CopyRowsFromBelow(in, out); }

}  // namespace lockstep::storage
