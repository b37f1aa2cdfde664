// SPDX-License-Identifier: Apache-2.0
// The plan. `Multiply` handles up to 6 rows (tiles) by a panel of 64 columns at a time, with all
// sums in registers, and walks along the depth (channels) once. So its right operand lies in
// panels: 64 columns side by side for each channel. Columns that fill up the last panel are
// multiplied, and nobody reads what they give.
#include "ops/nn/conv2d/winograd_product.h"

#include <immintrin.h>

#include <algorithm>

namespace lockstep::ops::conv2d {
namespace {

constexpr int64_t kTileRows = 6;  // rows multiplied at a time

// The bodies differ in the width of vectors alone.
template <int kRows>
[[gnu::target("avx512f")]] void MultiplyAvx512(const Product& p) {
  __m512 sums[kRows][4];
  for (int i = 0; i < kRows; ++i) {
    for (int v = 0; v < 4; ++v) {
      sums[i][v] = p.add ? _mm512_loadu_ps(p.out + i * p.out_row + v * 16) : _mm512_setzero_ps();
    }
  }
  const float* b = p.b;
  const float* a = p.a;
  const int64_t a_row = p.a_row, a_depth = p.a_depth;
  for (int64_t d = p.depth; d > 0; --d, b += kPanel, a += a_depth) {
    const __m512 b0 = _mm512_loadu_ps(b), b1 = _mm512_loadu_ps(b + 16),
                 b2 = _mm512_loadu_ps(b + 32), b3 = _mm512_loadu_ps(b + 48);
    for (int i = 0; i < kRows; ++i) {
      const __m512 x = _mm512_set1_ps(a[i * a_row]);
      sums[i][0] = _mm512_fmadd_ps(x, b0, sums[i][0]);
      sums[i][1] = _mm512_fmadd_ps(x, b1, sums[i][1]);
      sums[i][2] = _mm512_fmadd_ps(x, b2, sums[i][2]);
      sums[i][3] = _mm512_fmadd_ps(x, b3, sums[i][3]);
    }
  }
  for (int i = 0; i < kRows; ++i) {
    for (int v = 0; v < 4; ++v) _mm512_storeu_ps(p.out + i * p.out_row + v * 16, sums[i][v]);
  }
}

template <int kRows>
[[gnu::target("avx2,fma")]] void MultiplyAvx2(const Product& p) {
  for (int64_t j = 0; j < kPanel; j += 16) {
    __m256 sums[kRows][2];
    for (int i = 0; i < kRows; ++i) {
      for (int v = 0; v < 2; ++v) {
        sums[i][v] =
            p.add ? _mm256_loadu_ps(p.out + i * p.out_row + j + v * 8) : _mm256_setzero_ps();
      }
    }
    const float* b = p.b + j;
    const float* a = p.a;
    const int64_t a_row = p.a_row, a_depth = p.a_depth;
    for (int64_t d = p.depth; d > 0; --d, b += kPanel, a += a_depth) {
      const __m256 b0 = _mm256_loadu_ps(b), b1 = _mm256_loadu_ps(b + 8);
      for (int i = 0; i < kRows; ++i) {
        const __m256 x = _mm256_broadcast_ss(a + i * a_row);
        sums[i][0] = _mm256_fmadd_ps(x, b0, sums[i][0]);
        sums[i][1] = _mm256_fmadd_ps(x, b1, sums[i][1]);
      }
    }
    for (int i = 0; i < kRows; ++i) {
      for (int v = 0; v < 2; ++v) {
        _mm256_storeu_ps(p.out + i * p.out_row + j + v * 8, sums[i][v]);
      }
    }
  }
}

using MultiplyRows = void (*)(const Product&);
constexpr MultiplyRows kAvx512[kTileRows] = {MultiplyAvx512<1>, MultiplyAvx512<2>,
                                             MultiplyAvx512<3>, MultiplyAvx512<4>,
                                             MultiplyAvx512<5>, MultiplyAvx512<6>};
constexpr MultiplyRows kAvx2[kTileRows] = {MultiplyAvx2<1>, MultiplyAvx2<2>, MultiplyAvx2<3>,
                                           MultiplyAvx2<4>, MultiplyAvx2<5>, MultiplyAvx2<6>};

}  // namespace

void Multiply(CpuIsa isa, int64_t rows, Product p) {
  const MultiplyRows* const multiply = isa == CpuIsa::kAvx512 ? kAvx512 : kAvx2;
  for (int64_t row = 0; row < rows; row += kTileRows) {
    const int64_t count = std::min(kTileRows, rows - row);
    multiply[count - 1](p);
    p.a += count * p.a_row;
    p.out += count * p.out_row;
  }
}

}  // namespace lockstep::ops::conv2d
