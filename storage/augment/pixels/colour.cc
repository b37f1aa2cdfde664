// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/pixels/colour.h"

#include <algorithm>
#include <array>
#include <cmath>

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

struct Hsv {
  uint8_t h = 0, s = 0, v = 0;
};

uint8_t HeldInAByte(double x) {
  return static_cast<uint8_t>(std::clamp(static_cast<int>(x), 0, 255));
}

Hsv ToHsv(const uint8_t* rgb) {
  const int r = rgb[0], g = rgb[1], b = rgb[2];
  const int most = std::max({r, g, b}), least = std::min({r, g, b});
  Hsv hsv;
  hsv.v = static_cast<uint8_t>(most);
  if (most == least) return hsv;
  const auto range = static_cast<float>(most - least);
  const float saturation = range / static_cast<float>(most);
  const float from_r = static_cast<float>(most - r) / range;
  const float from_g = static_cast<float>(most - g) / range;
  const float from_b = static_cast<float>(most - b) / range;
  float hue = 0;
  if (r == most) {
    hue = from_b - from_g;
  } else if (g == most) {
    hue = static_cast<float>(2.0 + from_r - from_b);
  } else {
    hue = static_cast<float>(4.0 + from_g - from_r);
  }
  const double turned = hue / 6.0 + 1.0;
  hue = static_cast<float>(turned - std::floor(turned));
  hsv.h = HeldInAByte(hue * 255.0);
  hsv.s = HeldInAByte(saturation * 255.0);
  return hsv;
}

// To the nearest whole number; `x` is not negative.
uint8_t Nearest(double x) { return HeldInAByte(std::floor(x + 0.5)); }

void ToRgb(const Hsv& hsv, uint8_t* rgb) {
  if (hsv.s == 0) {
    std::fill_n(rgb, 3, hsv.v);
    return;
  }
  const double sixths = static_cast<float>(hsv.h) * 6.0 / 255.0;
  const int sector = static_cast<int>(sixths);
  const auto rest = static_cast<float>(sixths - static_cast<double>(static_cast<float>(sector)));
  const auto saturation = static_cast<float>(hsv.s / 255.0);
  const double value = hsv.v;
  const uint8_t v = hsv.v;
  const uint8_t p = Nearest(value * (1.0 - saturation));
  const uint8_t q = Nearest(value * (1.0 - saturation * rest));
  const uint8_t t = Nearest(value * (1.0 - saturation * (1.0 - rest)));
  const uint8_t by_sector[6][3] = {{v, t, p}, {q, v, p}, {p, v, t},
                                   {p, q, v}, {t, p, v}, {v, p, q}};
  std::copy_n(by_sector[sector % 6], 3, rgb);
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
  const float mixed =
      static_cast<float>(from) + factor * static_cast<float>(static_cast<int>(to) - from);
  return static_cast<uint8_t>(std::clamp(mixed, 0.0f, 255.0f));
}

void Brighten(uint8_t* pixels, const ImageSize& size, float factor) {
  LookUp(BlendTable(0, factor), pixels, size.bytes());
}

void ChangeContrast(uint8_t* pixels, const ImageSize& size, float factor) {
  LookUp(BlendTable(MeanLuma(pixels, size), factor), pixels, size.bytes());
}

void Saturate(uint8_t* pixels, const ImageSize& size, float factor) {
  if (size.channels != 3) return;
  for (int64_t i = 0; i < size.pixels(); ++i, pixels += 3) {
    const uint8_t grey = Luma(pixels);
    for (int c = 0; c < 3; ++c) pixels[c] = Blend(grey, pixels[c], factor);
  }
}

void TurnHue(uint8_t* pixels, const ImageSize& size, double turn) {
  if (size.channels != 3) return;
  const int steps = static_cast<int>(turn * 255);
  for (int64_t i = 0; i < size.pixels(); ++i, pixels += 3) {
    Hsv hsv = ToHsv(pixels);
    hsv.h = static_cast<uint8_t>(hsv.h + steps);
    ToRgb(hsv, pixels);
  }
}

void MakeGrey(uint8_t* pixels, const ImageSize& size) {
  if (size.channels != 3) return;
  for (int64_t i = 0; i < size.pixels(); ++i, pixels += 3) std::fill_n(pixels, 3, Luma(pixels));
}

}  // namespace lockstep::storage
