// SPDX-License-Identifier: Apache-2.0
#include "cluster/draw/canvas.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "cluster/draw/font.h"
#include "storage/image/image_encoder.h"

namespace lockstep::cluster {

using storage::Window;

Colour ColourOfClass(int64_t index) {
  // The hue goes round in steps of the golden section, which fills a circle most evenly; every
  // other colour is darker. A full circle has six parts of 256.
  const auto n = static_cast<uint64_t>(index);
  const uint64_t hue = n * 949 % 1536;
  const uint64_t bright = n % 2 == 0 ? 255 : 190;
  const uint64_t up = hue % 256, down = 255 - up;
  static constexpr int kTop = -1, kNone = -2, kUp = -3, kDown = -4;
  static constexpr std::array<std::array<int, 3>, 6> kParts = {{{kTop, kUp, kNone},
                                                                {kDown, kTop, kNone},
                                                                {kNone, kTop, kUp},
                                                                {kNone, kDown, kTop},
                                                                {kUp, kNone, kTop},
                                                                {kTop, kNone, kDown}}};
  std::array<uint8_t, 3> rgb{};
  for (size_t c = 0; c < 3; ++c) {
    const int part = kParts[hue / 256][c];
    const uint64_t level = part == kTop ? 255 : part == kUp ? up : part == kDown ? down : 0;
    rgb[c] = static_cast<uint8_t>(level * bright / 255);
  }
  return {rgb[0], rgb[1], rgb[2]};
}

Colour InkOn(Colour background) {
  const int brightness = 3 * background.red + 6 * background.green + background.blue;
  return brightness > 10 * 127 ? kBlack : kWhite;
}

Canvas::Canvas(int64_t height, int64_t width, Colour background) : size_{height, width, 3} {
  CHECK(height >= 1 && width >= 1) << size_.ToString();
  pixels_.resize(static_cast<size_t>(size_.bytes()));
  Fill({0, 0, height, width}, background);
}

uint8_t* Canvas::Pixel(int64_t y, int64_t x) {
  if (y < 0 || x < 0 || y >= size_.height || x >= size_.width) return nullptr;
  return &pixels_[static_cast<size_t>((y * size_.width + x) * 3)];
}

Colour Canvas::At(int64_t y, int64_t x) const {
  CHECK(y >= 0 && x >= 0 && y < size_.height && x < size_.width) << y << " " << x;
  const uint8_t* const pixel = &pixels_[static_cast<size_t>((y * size_.width + x) * 3)];
  return {pixel[0], pixel[1], pixel[2]};
}

void Canvas::Set(int64_t y, int64_t x, Colour colour) {
  uint8_t* const pixel = Pixel(y, x);
  if (pixel == nullptr) return;
  pixel[0] = colour.red;
  pixel[1] = colour.green;
  pixel[2] = colour.blue;
}

void Canvas::Tint(int64_t y, int64_t x, Colour colour) {
  uint8_t* const pixel = Pixel(y, x);
  if (pixel == nullptr) return;
  const auto half = [](uint8_t a, uint8_t b) { return static_cast<uint8_t>((a + b) / 2); };
  Set(y, x,
      {half(pixel[0], colour.red), half(pixel[1], colour.green), half(pixel[2], colour.blue)});
}

void Canvas::Fill(const Window& area, Colour colour) {
  const int64_t bottom = std::min(size_.height, area.top + area.height);
  const int64_t right = std::min(size_.width, area.left + area.width);
  for (int64_t y = std::max<int64_t>(0, area.top); y < bottom; ++y) {
    for (int64_t x = std::max<int64_t>(0, area.left); x < right; ++x) Set(y, x, colour);
  }
}

void Canvas::Outline(const Window& area, Colour colour) {
  if (area.height < 1 || area.width < 1) return;
  Fill({area.top, area.left, 1, area.width}, colour);
  Fill({area.top + area.height - 1, area.left, 1, area.width}, colour);
  Fill({area.top, area.left, area.height, 1}, colour);
  Fill({area.top, area.left + area.width - 1, area.height, 1}, colour);
}

void Canvas::Text(int64_t top, int64_t left, std::string_view text, Colour colour) {
  for (const char c : PrintableText(text)) {
    for (int64_t y = 0; y < kGlyphHeight; ++y) {
      for (int64_t x = 0; x < kGlyphWidth; ++x) {
        if (GlyphInk(c, y, x)) Set(top + y, left + x, colour);
      }
    }
    left += kGlyphAdvance;
  }
}

void Canvas::Draw(int64_t top, int64_t left, const Canvas& picture) {
  for (int64_t y = 0; y < picture.height(); ++y) {
    for (int64_t x = 0; x < picture.width(); ++x) Set(top + y, left + x, picture.At(y, x));
  }
}

Result<std::string> Canvas::Png() const { return storage::EncodePng(pixels_.data(), size_); }

}  // namespace lockstep::cluster
