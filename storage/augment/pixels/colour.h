// SPDX-License-Identifier: Apache-2.0
// Colour arithmetic on bytes, in place, with the bits of Pillow's ImageEnhance, Image.blend and
// conversions between RGB, L and HSV. `pixels`: H W C, packed.
#pragma once

#include <cstdint>

#include "storage/image/image.h"

namespace lockstep::storage {

// The brightness of a colour: (19595 r + 38470 g + 7471 b + 2^15) / 2^16, rounded down.
inline int32_t LumaOf(int32_t r, int32_t g, int32_t b) {
  return (19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16;
}
inline uint8_t Luma(const uint8_t* rgb) {
  return static_cast<uint8_t>(LumaOf(rgb[0], rgb[1], rgb[2]));
}

// `from` + factor * (to - from) in float, rounded towards zero and held within a byte.
uint8_t Blend(uint8_t from, uint8_t to, float factor);

// Blends black with the image: 0 is black, 1 the image, 2 twice as bright.
void Brighten(uint8_t* pixels, const ImageSize& size, float factor);
// Blends the even grey of the image's mean brightness with the image. 1 or 3 channels.
void ChangeContrast(uint8_t* pixels, const ImageSize& size, float factor);
// Blends the image in grey with the image; images of 1 channel stay.
void Saturate(uint8_t* pixels, const ImageSize& size, float factor);
// Turns the hue by a share of the circle, in steps of 1 / 255; images of 1 channel stay.
void TurnHue(uint8_t* pixels, const ImageSize& size, double turn);
// Every channel becomes the brightness; images of 1 channel stay.
void MakeGrey(uint8_t* pixels, const ImageSize& size);

}  // namespace lockstep::storage
