// SPDX-License-Identifier: Apache-2.0
// A matrix laid out as oneDNN's convolutions want their weights: cut into blocks of rows, each
// transposed. oneDNN's own reorder reads such a matrix column by column and takes longer
// (docs/decisions/0007).
#pragma once

#include <cstdint>

namespace lockstep::ops {

struct TransposedBlocks {
  int64_t rows = 0, columns = 0;
  int64_t block = 0;  // rows of a block, a multiple of 4; the last one is filled up with zeros
};

// to[b][column][i] = from[b * block + i][column], from (rows, columns), on `threads` threads.
void CopyTransposedBlocks(const TransposedBlocks& shape, int32_t threads, const float* from,
                          float* to);

// One tile: to[column * block + i] = from[i * stride + column] for i < block; zeros for rows <= i.
// Rows and columns at most 64.
void CopyTransposedTile(const TransposedBlocks& tile, const float* from, int64_t stride, float* to);

}  // namespace lockstep::ops
