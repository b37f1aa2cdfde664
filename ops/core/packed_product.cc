// SPDX-License-Identifier: Apache-2.0
#include "ops/core/packed_product.h"

#include <algorithm>

namespace lockstep::ops {
namespace {

constexpr int64_t kTileRows = 4;

// One tile's sums. Both inner loops have fixed lengths: they become straight vector code.
template <typename T>
void SumTile(const T* const (&x)[kTileRows], const int64_t* x_depth, const T* packed, int64_t depth,
             T (&sums)[kTileRows][kTileColumns<T>]) {
  T acc[kTileRows][kTileColumns<T>];
  for (int64_t i = 0; i < kTileRows; ++i) {
    for (int64_t j = 0; j < kTileColumns<T>; ++j) acc[i][j] = sums[i][j];
  }
  for (int64_t d = 0; d < depth; ++d) {
    const int64_t at = x_depth[d];
    const T* b = packed + d * kTileColumns<T>;
    for (int64_t i = 0; i < kTileRows; ++i) {
      const T a = x[i][at];
      for (int64_t j = 0; j < kTileColumns<T>; ++j) acc[i][j] += a * b[j];
    }
  }
  for (int64_t i = 0; i < kTileRows; ++i) {
    for (int64_t j = 0; j < kTileColumns<T>; ++j) sums[i][j] = acc[i][j];
  }
}

}  // namespace

template <typename T>
void PackedProduct(const PackedProductArgs<T>& a) {
  for (int64_t column = 0; column < a.columns; column += kTileColumns<T>) {
    const T* packed = a.packed + column * a.depth;
    const int64_t columns = std::min(kTileColumns<T>, a.columns - column);
    for (int64_t row = 0; row < a.rows; row += kTileRows) {
      const int64_t rows = std::min(kTileRows, a.rows - row);
      const T* x[kTileRows];
      T sums[kTileRows][kTileColumns<T>] = {};
      for (int64_t i = 0; i < kTileRows; ++i) {
        x[i] = a.x + a.x_row[row + std::min(i, rows - 1)];  // beyond the last: summed, not stored
      }
      if (a.accumulate) {
        for (int64_t i = 0; i < rows; ++i) {
          std::copy_n(a.y + a.y_row[row + i] + column, columns, sums[i]);
        }
      }
      SumTile<T>(x, a.x_depth, packed, a.depth, sums);
      for (int64_t i = 0; i < rows; ++i) {
        std::copy_n(sums[i], columns, a.y + a.y_row[row + i] + column);
      }
    }
  }
}

template void PackedProduct<float>(const PackedProductArgs<float>&);
template void PackedProduct<double>(const PackedProductArgs<double>&);

}  // namespace lockstep::ops
