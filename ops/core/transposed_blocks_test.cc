// SPDX-License-Identifier: Apache-2.0
#include "ops/core/transposed_blocks.h"

#include <gtest/gtest.h>

#include <vector>

namespace lockstep::ops {
namespace {

TEST(TransposedBlocks, HoldEveryElementAndZerosBehindTheLastRow) {
  for (const TransposedBlocks shape : {TransposedBlocks{1, 1, 4},
                                       {48, 64, 48},
                                       {100, 67, 48},
                                       {64, 600, 64},
                                       {130, 1030, 128},
                                       {17, 3, 16}}) {
    const int64_t blocks = (shape.rows + shape.block - 1) / shape.block;
    std::vector<float> from(static_cast<size_t>(shape.rows * shape.columns));
    for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i + 1);
    for (const int32_t threads : {1, 2}) {
      SCOPED_TRACE(testing::Message() << shape.rows << " x " << shape.columns << " by "
                                      << shape.block << ", " << threads << " threads");
      constexpr float kGuard = -7.0f;
      const auto size = static_cast<size_t>(blocks * shape.block * shape.columns);
      std::vector<float> to(size + 1, kGuard);
      CopyTransposedBlocks(shape, threads, from.data(), to.data());
      for (size_t i = 0; i < size; ++i) {
        const int64_t at = static_cast<int64_t>(i);
        const int64_t row = at / (shape.block * shape.columns) * shape.block + at % shape.block;
        const int64_t column = at / shape.block % shape.columns;
        const float expected =
            row < shape.rows ? from[static_cast<size_t>(row * shape.columns + column)] : 0.0f;
        ASSERT_EQ(to[i], expected) << "row " << row << ", column " << column;
      }
      EXPECT_EQ(to[size], kGuard);
    }
  }
}

}  // namespace
}  // namespace lockstep::ops
