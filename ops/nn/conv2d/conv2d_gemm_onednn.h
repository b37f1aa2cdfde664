// SPDX-License-Identifier: Apache-2.0
// Kernels that make a convolution a matrix product.
#pragma once

#include "ops/core/registry.h"

namespace lockstep::ops::conv2d {

// Adds the kernels of this file. It is called before oneDNN's own are added, so that they come
// first; they say themselves where they are known to be slower.
void RegisterGemm(OpRegistry& registry);

}  // namespace lockstep::ops::conv2d
