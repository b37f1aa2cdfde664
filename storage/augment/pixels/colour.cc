// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/pixels/colour.h"

#include <algorithm>
#include <array>

#include "base/device/for_isa.h"

namespace lockstep::storage {
namespace {

// What each byte becomes when blended with `from`.
std::array<uint8_t, 256> BlendTable(uint8_t from, float factor) {
  std::array<uint8_t, 256> table;
  for (int byte = 0; byte < 256; ++byte) {
    table[static_cast<size_t>(byte)] = Blend(from, static_cast<uint8_t>(byte), factor);
  }
  return table;
}

void LookUp(const std::array<uint8_t, 256>& table, uint8_t* pixels, int64_t n) {
  for (int64_t i = 0; i < n; ++i) pixels[i] = table[pixels[i]];
}

// Pixels side by side: of each channel, the values of up to kBlock of them. The loops over them
// become vectors; what is not needed of a pixel is computed and dropped.
constexpr int64_t kBlock = 64;
struct Planes {
  int32_t a[kBlock], b[kBlock], c[kBlock];
};

LOCKSTEP_INLINE inline void Load(const uint8_t* pixels, int64_t n, Planes* rgb) {
  for (int64_t i = 0; i < n; ++i, pixels += 3) {
    rgb->a[i] = pixels[0];
    rgb->b[i] = pixels[1];
    rgb->c[i] = pixels[2];
  }
}

LOCKSTEP_INLINE inline void Store(const Planes& rgb, int64_t n, uint8_t* pixels) {
  for (int64_t i = 0; i < n; ++i, pixels += 3) {
    pixels[0] = static_cast<uint8_t>(rgb.a[i]);
    pixels[1] = static_cast<uint8_t>(rgb.b[i]);
    pixels[2] = static_cast<uint8_t>(rgb.c[i]);
  }
}

// Red, green, blue become hue, saturation, value, each from 0 to 255.
LOCKSTEP_INLINE inline void ToHsv(Planes* planes) {
  for (int64_t i = 0; i < kBlock; ++i) {
    const int32_t r = planes->a[i], g = planes->b[i], b = planes->c[i];
    const int32_t most = std::max(r, std::max(g, b)), least = std::min(r, std::min(g, b));
    const bool grey = most == least;
    const auto range = static_cast<float>(grey ? 1 : most - least);
    const float from_r = static_cast<float>(most - r) / range;
    const float from_g = static_cast<float>(most - g) / range;
    const float from_b = static_cast<float>(most - b) / range;
    const float red = from_b - from_g;
    const auto green = static_cast<float>(2.0 + from_r - from_b);
    const auto blue = static_cast<float>(4.0 + from_g - from_r);
    const float sixths = r == most ? red : (g == most ? green : blue);
    const double turned = sixths / 6.0 + 1.0;
    const auto hue = static_cast<float>(turned >= 1.0 ? turned - 1.0 : turned);
    const float saturation = static_cast<float>(most - least) / static_cast<float>(most + grey);
    planes->a[i] = grey ? 0 : static_cast<int32_t>(hue * 255.0);
    planes->b[i] = grey ? 0 : static_cast<int32_t>(saturation * 255.0);
    planes->c[i] = most;
  }
}

// And back.
LOCKSTEP_INLINE inline void ToRgb(Planes* planes) {
  for (int64_t i = 0; i < kBlock; ++i) {
    const int32_t v = planes->c[i];
    const double sixths = static_cast<double>(planes->a[i]) * 6.0 / 255.0;
    const auto sector = static_cast<int32_t>(sixths);
    const auto rest = static_cast<float>(sixths - static_cast<double>(sector));
    const auto saturation = static_cast<float>(planes->b[i] / 255.0);
    const double value = v, part = saturation * rest;
    const auto p = static_cast<int32_t>(value * (1.0 - saturation) + 0.5);
    const auto q = static_cast<int32_t>(value * (1.0 - part) + 0.5);
    const auto t = static_cast<int32_t>(value * (1.0 - saturation * (1.0 - rest)) + 0.5);
    // The sectors begin at red, yellow, green, cyan, blue, magenta; the seventh is red again.
    planes->a[i] = sector == 1 ? q : (sector == 2 || sector == 3 ? p : (sector == 4 ? t : v));
    planes->b[i] = sector == 0 || sector == 6 ? t : (sector < 3 ? v : (sector == 3 ? q : p));
    planes->c[i] = sector == 2 ? t : (sector == 3 || sector == 4 ? v : (sector == 5 ? q : p));
  }
}

// change(planes) for the pixels of an image, a block at a time.
template <typename Change>
void ChangePixels(uint8_t* pixels, int64_t n, const Change& change) {
  static const CpuIsa isa = HostCpuIsa();
  RunForIsa(isa, [&]() LOCKSTEP_INLINE {
    Planes planes = {};
    for (int64_t i = 0; i < n; i += kBlock) {
      const int64_t count = std::min(kBlock, n - i);
      Load(pixels + 3 * i, count, &planes);
      change(&planes);
      Store(planes, count, pixels + 3 * i);
    }
  });
}

LOCKSTEP_INLINE inline int32_t Mixed(int32_t from, int32_t to, float factor) {
  const float mixed = static_cast<float>(from) + factor * static_cast<float>(to - from);
  return static_cast<int32_t>(std::min(std::max(mixed, 0.0f), 255.0f));
}

// The mean brightness of an image, rounded to a byte.
uint8_t MeanLuma(const uint8_t* pixels, const ImageSize& size) {
  uint64_t sum = 0;
  for (int64_t i = 0; i < size.pixels(); ++i) {
    sum += size.channels == 3 ? Luma(pixels + 3 * i) : pixels[i];
  }
  const double mean = static_cast<double>(sum) / static_cast<double>(size.pixels());
  return static_cast<uint8_t>(mean + 0.5);
}

}  // namespace

uint8_t Blend(uint8_t from, uint8_t to, float factor) {
  return static_cast<uint8_t>(Mixed(from, to, factor));
}

void Brighten(uint8_t* pixels, const ImageSize& size, float factor) {
  LookUp(BlendTable(0, factor), pixels, size.bytes());
}

void ChangeContrast(uint8_t* pixels, const ImageSize& size, float factor) {
  LookUp(BlendTable(MeanLuma(pixels, size), factor), pixels, size.bytes());
}

void Saturate(uint8_t* pixels, const ImageSize& size, float factor) {
  if (size.channels != 3) return;
  ChangePixels(pixels, size.pixels(), [factor](Planes* rgb) LOCKSTEP_INLINE {
    for (int64_t i = 0; i < kBlock; ++i) {
      const int32_t grey = LumaOf(rgb->a[i], rgb->b[i], rgb->c[i]);
      rgb->a[i] = Mixed(grey, rgb->a[i], factor);
      rgb->b[i] = Mixed(grey, rgb->b[i], factor);
      rgb->c[i] = Mixed(grey, rgb->c[i], factor);
    }
  });
}

void TurnHue(uint8_t* pixels, const ImageSize& size, double turn) {
  if (size.channels != 3) return;
  const int steps = static_cast<int>(turn * 255);
  ChangePixels(pixels, size.pixels(), [steps](Planes* planes) LOCKSTEP_INLINE {
    ToHsv(planes);
    for (int64_t i = 0; i < kBlock; ++i) planes->a[i] = (planes->a[i] + steps) & 255;
    ToRgb(planes);
  });
}

void MakeGrey(uint8_t* pixels, const ImageSize& size) {
  if (size.channels != 3) return;
  for (int64_t i = 0; i < size.pixels(); ++i, pixels += 3) std::fill_n(pixels, 3, Luma(pixels));
}

}  // namespace lockstep::storage
