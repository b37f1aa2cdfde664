// SPDX-License-Identifier: Apache-2.0
// BoxesField: the boxes of a sample with what belongs to each, and what geometry does to them.
//
// Boxes are mapped as real numbers. An operation that can push them over the image's edge (a crop,
// an affine map) clips them to the image; of a box that is clipped, `area` and `visible` keep the
// share of its area that is left, and one of which less than one pixel of height or width is left
// is dropped, with its label, flags and area. Boxes that are not clipped always stay.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "storage/augment/pixels/affine.h"

namespace lockstep::storage {

struct BoxesField {
  std::vector<float> xyxy;       // n x 4: x1 y1 x2 y2 in pixels, x2 and y2 just outside the box
  std::vector<int32_t> labels;   // n, or empty: there are none
  std::vector<uint8_t> flags;    // n, or empty
  std::vector<float> area;       // n in square pixels, or empty
  std::vector<float> visible{};  // n: the share of the first area that is left; set by SetUpBoxes

  int64_t count() const { return static_cast<int64_t>(xyxy.size() / 4); }
};

// Checks what a record gives and sets `visible`. Fails with data-loss where the numbers of values
// do not agree, or a coordinate is not finite.
Status SetUpBoxes(BoxesField* boxes);

// Every coordinate becomes scale * x + offset.
void ScaleBoxes(double scale_x, double scale_y, BoxesField* boxes);
void MoveBoxes(double by_x, double by_y, BoxesField* boxes);
// Within an image of this width or height.
void MirrorBoxesX(int64_t width, BoxesField* boxes);
void MirrorBoxesY(int64_t height, BoxesField* boxes);
// Each box becomes the smallest one around its four mapped corners.
void MapBoxes(const AffineMap& to_output, BoxesField* boxes);

// Clips them to an image and drops those by the rule above.
void ClipBoxes(int64_t height, int64_t width, BoxesField* boxes);
// Keeps the boxes of which at least `visible` of the first area is left and that are at least
// `side` pixels high and wide.
void KeepBoxes(double visible, double side, BoxesField* boxes);

}  // namespace lockstep::storage
