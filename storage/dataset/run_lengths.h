// SPDX-License-Identifier: Apache-2.0
// Run lengths: the value of a field of `instances`: n masks of one size [n, H, W]. Each is
//
//   u32  R, how many runs follow
//   R times u32, the lengths of runs of pixels: outside of the mask, inside, outside, ...
//
// little-endian, nothing between and nothing after. The runs go down the first column, then down
// the second, and so on, and together have H * W pixels. The first may be 0. It is the order of
// COCO's run lengths (Lin et al., Microsoft COCO, 2014; pycocotools).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "storage/dataset/field_value.h"

namespace lockstep::storage {

// Whether the bytes of a value of rank 3 are such masks, of at most 2^28 pixels each. Data-loss
// names the mask and what is wrong with it.
Status CheckRunLengths(const FieldView& value);

// Masks of height * width bytes, row by row; 0 is outside.
FieldValue RunLengthsValue(int64_t height, int64_t width,
                           std::span<const std::vector<uint8_t>> masks);

// For each pixel, row by row, the last of the masks that it lies in; -1 where it lies in none. The
// value has been checked.
std::vector<int32_t> MaskOfEachPixel(const FieldView& value);

}  // namespace lockstep::storage
