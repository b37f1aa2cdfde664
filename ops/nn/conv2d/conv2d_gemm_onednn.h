// SPDX-License-Identifier: Apache-2.0
// Kernels that make a convolution a matrix product.
#pragma once

#include "ops/core/registry.h"

namespace lockstep::ops::conv2d {

// `first` adds them where they are known to be the best (then before oneDNN's own), else where they
// are not: after them, for the tuner.
void RegisterGemm(OpRegistry& registry, bool first);

}  // namespace lockstep::ops::conv2d
