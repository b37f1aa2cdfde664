// SPDX-License-Identifier: Apache-2.0
// Turn: an image turned, moved, scaled and sheared about its middle, as an affine map. The map is
// torchvision's (functional.affine): first the shear, then scale and rotation, then the shift.
#pragma once

#include "storage/augment/pixels/affine.h"
#include "storage/image/image.h"

namespace lockstep::storage {

struct Turn {
  double clockwise = 0;             // degrees
  double right = 0, down = 0;       // pixels
  double scale = 1;                 // above 0
  double shear_x = 0, shear_y = 0;  // degrees, between -90 and 90

  // From the pixels of the result to those of an image of `size`.
  AffineMap FromOutput(const ImageSize& size) const;
};

}  // namespace lockstep::storage
