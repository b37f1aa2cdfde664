// SPDX-License-Identifier: Apache-2.0
// Kernels that make a convolution a matrix product.
#pragma once

#include "ops/core/registry.h"

namespace lockstep::ops::conv2d {

// With `few_pixels` they offer themselves only where they are known to be the best: then they are
// added before oneDNN's own. Otherwise everywhere: after them, for the tuner.
void RegisterGemm(OpRegistry& registry, bool few_pixels);

}  // namespace lockstep::ops::conv2d
