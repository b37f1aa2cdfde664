// SPDX-License-Identifier: Apache-2.0
// Images taken through an affine map, and images resized to the nearest pixel.
#pragma once

#include <cstdint>

#include "storage/augment/view.h"

namespace lockstep::storage {

// The point (x, y) of the output shows the point (a x + b y + c, d x + e y + f) of the input, in
// pixels; the centre of the pixel in column i and row j is (i + 0.5, j + 0.5).
struct AffineMap {
  double a = 1, b = 0, c = 0;
  double d = 0, e = 1, f = 0;

  double X(double x, double y) const { return a * x + b * y + c; }
  double Y(double x, double y) const { return d * x + e * y + f; }
  // The map the other way; the determinant is not 0.
  AffineMap Inverse() const;
};

// out (packed, as large as `in`): the pixel in which the mapped centre lies; `fill` where that is
// outside.
void AffineNearest(const ImageView& in, const AffineMap& map, uint8_t fill, uint8_t* out);
void AffineNearest(const MaskView& in, const AffineMap& map, uint16_t fill, uint16_t* out);

// The same, linear between the four pixels whose centres surround the point; beyond the centres of
// the outermost pixels these go on to the image's edge. Rounded down, as Pillow does.
void AffineBilinear(const ImageView& in, const AffineMap& map, uint8_t fill, uint8_t* out);

// out (packed, height x width): the pixel in which each centre lies, as Pillow finds it: from
// scale / 2 on in steps of the scale, added up in double.
void ResizeNearest(const ImageView& in, int64_t height, int64_t width, uint8_t* out);
void ResizeNearest(const MaskView& in, int64_t height, int64_t width, uint16_t* out);

}  // namespace lockstep::storage
