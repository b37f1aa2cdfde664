// SPDX-License-Identifier: Apache-2.0
// Canvas: a picture that is drawn on, red, green and blue bytes. What would lie outside of it is
// left out, so nothing that is drawn needs to fit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/image/image.h"

namespace lockstep::cluster {

struct Colour {
  uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Colour&) const = default;
};

inline constexpr Colour kWhite = {255, 255, 255};
inline constexpr Colour kBlack = {0, 0, 0};

// The colour of the class `index`: those of neighbours differ clearly. The same for every picture.
Colour ColourOfClass(int64_t index);
// Black or white: what can be read on a background of this colour.
Colour InkOn(Colour background);

class Canvas {
 public:
  // Each at least 1.
  Canvas(int64_t height, int64_t width, Colour background);

  int64_t height() const { return size_.height; }
  int64_t width() const { return size_.width; }
  // The pixel lies inside.
  Colour At(int64_t y, int64_t x) const;

  void Set(int64_t y, int64_t x, Colour colour);
  // Half of what is there, half of the colour.
  void Tint(int64_t y, int64_t x, Colour colour);
  void Fill(const storage::Window& area, Colour colour);
  // The outermost pixels of an area.
  void Outline(const storage::Window& area, Colour colour);
  // The letters of font.h from their upper left corner on, in one line.
  void Text(int64_t top, int64_t left, std::string_view text, Colour colour);
  void Draw(int64_t top, int64_t left, const Canvas& picture);

  // The bytes of a PNG file.
  Result<std::string> Png() const;

 private:
  uint8_t* Pixel(int64_t y, int64_t x);  // null outside

  storage::ImageSize size_;
  std::vector<uint8_t> pixels_;  // H W 3
};

}  // namespace lockstep::cluster
