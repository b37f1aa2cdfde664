// SPDX-License-Identifier: Apache-2.0
// Kernels that make a convolution a matrix product.
#pragma once

#include "ops/core/registry.h"

namespace lockstep::ops::conv2d {

// To be registered before oneDNN's own kernels; they say themselves where they are known to be
// slower.
void RegisterGemm(OpRegistry& registry);

}  // namespace lockstep::ops::conv2d
