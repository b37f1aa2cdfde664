// SPDX-License-Identifier: Apache-2.0
#include "ops/core/transposed_blocks.h"

#include <algorithm>
#include <cstring>

#include "ops/core/parallel.h"

namespace lockstep::ops {
namespace {

constexpr int64_t kTileColumns = 64;
constexpr int64_t kMostRows = 64;  // at a time

typedef float Four __attribute__((vector_size(16)));

// A tile lies in the first cache while it is transposed: its rows, far apart in `from`, would push
// each other out there.
struct Tile {
  alignas(64) float values[kMostRows][kTileColumns];

  void Load(const float* from, int64_t stride, int64_t rows, int64_t columns) {
    for (int64_t i = 0; i < rows; ++i) {
      const float* const row = from + i * stride;
      std::memcpy(values[i], row, static_cast<size_t>(columns) * sizeof(float));
      for (int64_t c = 0; c < kTileColumns; c += 16) __builtin_prefetch(row + kTileColumns + c);
    }
  }

  Four At(int64_t row, int64_t column) const {
    Four four;
    std::memcpy(&four, &values[row][column], sizeof four);
    return four;
  }

  // to[column * stride + row], for `rows` rows, a multiple of 4.
  void StoreTransposed(int64_t rows, int64_t columns, int64_t stride, float* to) const {
    int64_t c = 0;
    for (; c + 4 <= columns; c += 4) {
      for (int64_t i = 0; i < rows; i += 4) {
        const Four a = At(i, c), b = At(i + 1, c), d = At(i + 2, c), e = At(i + 3, c);
        const Four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
        const Four ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
        const Four de_low = __builtin_shufflevector(d, e, 0, 4, 1, 5);
        const Four de_high = __builtin_shufflevector(d, e, 2, 6, 3, 7);
        const Four columns_of[] = {__builtin_shufflevector(ab_low, de_low, 0, 1, 4, 5),
                                   __builtin_shufflevector(ab_low, de_low, 2, 3, 6, 7),
                                   __builtin_shufflevector(ab_high, de_high, 0, 1, 4, 5),
                                   __builtin_shufflevector(ab_high, de_high, 2, 3, 6, 7)};
        for (int64_t k = 0; k < 4; ++k) {
          std::memcpy(to + (c + k) * stride + i, &columns_of[k], sizeof(Four));
        }
      }
    }
    for (; c < columns; ++c) {
      for (int64_t i = 0; i < rows; ++i) to[c * stride + i] = values[i][c];
    }
  }
};

}  // namespace

void CopyTransposedTile(const TransposedBlocks& shape, const float* from, int64_t stride,
                        float* to) {
  Tile tile;
  for (int64_t i = shape.rows; i < shape.block; ++i) {
    std::fill_n(tile.values[i], kTileColumns, 0.0f);
  }
  tile.Load(from, stride, shape.rows, shape.columns);
  tile.StoreTransposed(shape.block, shape.columns, shape.block, to);
}

void CopyTransposedBlocks(const TransposedBlocks& shape, int32_t threads, const float* from,
                          float* to) {
  constexpr int64_t kRunColumns = 8 * kTileColumns;
  const int64_t blocks = (shape.rows + shape.block - 1) / shape.block;
  const int64_t runs = (shape.columns + kRunColumns - 1) / kRunColumns;
  ForParts(threads, blocks * runs, [&](int64_t part) {
    const int64_t first_row = part / runs * shape.block, run = part % runs * kRunColumns;
    const int64_t end = std::min(shape.columns, run + kRunColumns);
    Tile tile;
    for (int64_t i = 0; i < shape.block; i += kMostRows) {
      const int64_t rows = std::min(kMostRows, shape.block - i);
      const int64_t there = std::clamp<int64_t>(shape.rows - first_row - i, 0, rows);
      for (int64_t r = there; r < rows; ++r) std::fill_n(tile.values[r], kTileColumns, 0.0f);
      for (int64_t c = run; c < end; c += kTileColumns) {
        const int64_t columns = std::min(kTileColumns, end - c);
        tile.Load(from + (first_row + i) * shape.columns + c, shape.columns, there, columns);
        tile.StoreTransposed(rows, columns, shape.block,
                             to + first_row * shape.columns + c * shape.block + i);
      }
    }
  });
}

}  // namespace lockstep::ops
