// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/pixels/affine.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace lockstep::storage {
namespace {

// The centre of pixel i.
double Centre(int64_t i) { return static_cast<double>(i) + 0.5; }

bool Within(double at, int64_t size) { return at >= 0.0 && at < static_cast<double>(size); }

template <typename T>
void Nearest(const View<T>& in, const AffineMap& map, T fill, T* out) {
  const ImageSize& size = in.size;
  for (int64_t y = 0; y < size.height; ++y) {
    for (int64_t x = 0; x < size.width; ++x) {
      const double from_x = map.X(Centre(x), Centre(y)), from_y = map.Y(Centre(x), Centre(y));
      if (!Within(from_x, size.width) || !Within(from_y, size.height)) {
        out = std::fill_n(out, size.channels, fill);
        continue;
      }
      const T* const pixel =
          in.row(static_cast<int64_t>(from_y)) + static_cast<int64_t>(from_x) * size.channels;
      out = std::copy_n(pixel, size.channels, out);
    }
  }
}

// Where a coordinate lies between two pixel centres: of pixels `low` and `high`, the second with
// weight `part`.
struct Between {
  Between(double at, int64_t size) {
    const double from_centre = at - 0.5;
    const double below = std::floor(from_centre);
    part = from_centre - below;
    const auto pixel = static_cast<int64_t>(below);
    low = std::max<int64_t>(pixel, 0);
    high = std::min(pixel + 1, size - 1);
  }
  int64_t low = 0, high = 0;
  double part = 0.0;
};

double Mix(double low, double high, double part) { return low + (high - low) * part; }

// The input pixel, or the one before the first where a step has gone astray by rounding, of each
// output pixel.
std::vector<int64_t> NearestPixels(int64_t in, int64_t out) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  std::vector<int64_t> pixels;
  double at = scale * 0.5;
  for (int64_t i = 0; i < out; ++i, at += scale) {
    pixels.push_back(std::min(static_cast<int64_t>(at), in - 1));
  }
  return pixels;
}

template <typename T>
void Resize(const View<T>& in, int64_t height, int64_t width, T* out) {
  const std::vector<int64_t> columns = NearestPixels(in.size.width, width);
  const int64_t channels = in.size.channels;
  for (const int64_t y : NearestPixels(in.size.height, height)) {
    const T* const row = in.row(y);
    if (channels == 1) {
      for (const int64_t x : columns) *out++ = row[x];
      continue;
    }
    for (const int64_t x : columns) {
      for (int64_t c = 0; c < channels; ++c) *out++ = row[x * channels + c];
    }
  }
}

}  // namespace

AffineMap AffineMap::Inverse() const {
  const double determinant = a * e - b * d;
  AffineMap inverse;
  inverse.a = e / determinant;
  inverse.b = -b / determinant;
  inverse.d = -d / determinant;
  inverse.e = a / determinant;
  inverse.c = -(inverse.a * c + inverse.b * f);
  inverse.f = -(inverse.d * c + inverse.e * f);
  return inverse;
}

void AffineNearest(const ImageView& in, const AffineMap& map, uint8_t fill, uint8_t* out) {
  Nearest(in, map, fill, out);
}
void AffineNearest(const MaskView& in, const AffineMap& map, uint16_t fill, uint16_t* out) {
  Nearest(in, map, fill, out);
}

void AffineBilinear(const ImageView& in, const AffineMap& map, uint8_t fill, uint8_t* out) {
  const ImageSize& size = in.size;
  for (int64_t y = 0; y < size.height; ++y) {
    for (int64_t x = 0; x < size.width; ++x) {
      const double from_x = map.X(Centre(x), Centre(y)), from_y = map.Y(Centre(x), Centre(y));
      if (!Within(from_x, size.width) || !Within(from_y, size.height)) {
        out = std::fill_n(out, size.channels, fill);
        continue;
      }
      const Between column(from_x, size.width), line(from_y, size.height);
      const uint8_t* const above = in.row(line.low);
      const uint8_t* const under = in.row(line.high);
      const int64_t left = column.low * size.channels, right = column.high * size.channels;
      for (int64_t c = 0; c < size.channels; ++c) {
        const double first = Mix(above[left + c], above[right + c], column.part);
        const double second = Mix(under[left + c], under[right + c], column.part);
        *out++ = static_cast<uint8_t>(Mix(first, second, line.part));
      }
    }
  }
}

void ResizeNearest(const ImageView& in, int64_t height, int64_t width, uint8_t* out) {
  Resize(in, height, width, out);
}
void ResizeNearest(const MaskView& in, int64_t height, int64_t width, uint16_t* out) {
  Resize(in, height, width, out);
}

}  // namespace lockstep::storage
