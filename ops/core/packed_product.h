// SPDX-License-Identifier: Apache-2.0
// The one inner loop behind matmul and conv2d: sums of products over a depth, for a tile of rows
// and columns at a time, so that the compiler keeps the tile's independent sums in vector
// registers.
//
//   y[y_row[i] + j] = sum over d of x[x_row[i] + x_depth[d]] * b[d][j]
//
// Every element is its own sum, from +0, in increasing d, one product rounded and then added, in T.
// So neither the tile nor the instruction set can be seen in the bits.
#pragma once

#include <cstdint>

namespace lockstep::ops {

// Columns of a tile: two vectors of 16 bytes.
template <typename T>
inline constexpr int64_t kTileColumns = 32 / sizeof(T);

template <typename T>
constexpr int64_t ColumnTiles(int64_t columns) {
  return (columns + kTileColumns<T> - 1) / kTileColumns<T>;
}

// Elements of a packed matrix: tiles of columns one after the other, each [depth][kTileColumns].
template <typename T>
constexpr int64_t PackedElements(int64_t depth, int64_t columns) {
  return ColumnTiles<T>(columns) * kTileColumns<T> * depth;
}

// Packs element (d, j) from source[source_depth[d] + j * j_stride]; columns beyond the last are
// zeros. T is the type of the sums: a float source packed as double is summed in double.
template <typename T, typename Source>
void PackColumns(const Source* source, const int64_t* source_depth, int64_t j_stride, int64_t depth,
                 int64_t columns, T* packed) {
  for (int64_t tile = 0; tile < columns; tile += kTileColumns<T>) {
    for (int64_t d = 0; d < depth; ++d) {
      for (int64_t j = tile; j < tile + kTileColumns<T>; ++j) {
        *packed++ = j < columns ? static_cast<T>(source[source_depth[d] + j * j_stride]) : T(0);
      }
    }
  }
}

// table[i] = i * stride: rows or depth of an ordinary matrix.
inline void FillStrides(int64_t count, int64_t stride, int64_t* table) {
  for (int64_t i = 0; i < count; ++i) table[i] = i * stride;
}

template <typename T>
struct PackedProductArgs {
  const T* x = nullptr;
  const int64_t* x_row = nullptr;    // [rows]
  const int64_t* x_depth = nullptr;  // [depth]
  const T* packed = nullptr;         // PackColumns(depth, columns)
  T* y = nullptr;
  const int64_t* y_row = nullptr;  // [rows]
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t depth = 0;
  bool accumulate = false;  // go on from the sums in y instead of from +0
};

// Exists for float and double.
template <typename T>
void PackedProduct(const PackedProductArgs<T>& args);

}  // namespace lockstep::ops
