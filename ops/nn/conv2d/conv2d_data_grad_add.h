// SPDX-License-Identifier: Apache-2.0
// Fused: the data gradient of a convolution added to what else flows into its input, where the
// input was read twice.
//
//   conv2d_data_grad_add (dy, w, dother) -> dx = dother + conv2d_data_grad(dy, w)
//
// Only for windows of 1x1 with stride 1, no padding and no groups: there a product adds to its
// result at no cost, and a sum on its own would read and write the whole image once more.
#pragma once

#include "ops/nn/conv2d/conv2d.h"

namespace lockstep::ops {

class OpRegistry;
namespace conv2d {
void RegisterDataGradAdd(OpRegistry& registry);
}  // namespace conv2d

}  // namespace lockstep::ops
