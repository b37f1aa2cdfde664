// SPDX-License-Identifier: Apache-2.0
// The matrix products of Winograd's convolution, one for each point of a transformed tile.
#pragma once

#include <cstdint>

#include "base/device/cpu_isa.h"

namespace lockstep::ops::conv2d {

constexpr int64_t kPanel = 64;  // columns multiplied at a time

// out[i][j] (+)= sum over d < depth of a[i * a_row + d * a_depth] * b[d * kPanel + j], for j < 64.
struct Product {
  const float* a;
  int64_t a_row, a_depth;
  const float* b;
  int64_t depth;
  float* out;
  int64_t out_row;
  bool add;  // go on from what stands in out
};

// Computes the product for `rows` rows, each element one chain of fused multiply-adds in increasing
// order of d. The instruction set has AVX2 or AVX-512.
void Multiply(CpuIsa isa, int64_t rows, Product p);

}  // namespace lockstep::ops::conv2d
