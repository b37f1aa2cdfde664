// SPDX-License-Identifier: Apache-2.0
// Numbers of a plain Python program that follows the definition: 256 partials, halving strides.
#include "ops/core/block_norm.h"

#include <gtest/gtest.h>

#include <vector>

namespace lockstep::ops {
namespace {

// +1, -1/2, +1/3, ... rounded to T.
template <typename T>
std::vector<T> Values(int64_t n) {
  std::vector<T> x;
  for (int64_t i = 0; i < n; ++i) {
    x.push_back(static_cast<T>((i % 2 == 0 ? 1.0 : -1.0) / static_cast<double>(i + 1)));
  }
  return x;
}

struct Known {
  int64_t n;
  double f32, f64;
};

TEST(BlockSquaredNorm, HasTheBitsOfTheDefinition) {
  const Known cases[] = {
      {1, 0x1.0000000000000p+0, 0x1.0000000000000p+0},
      {3, 0x1.5c71c738e38e4p+0, 0x1.5c71c71c71c72p+0},
      {255, 0x1.a419e63bbba03p+0, 0x1.a419e5fa85db0p+0},
      {256, 0x1.a41ae63bbba03p+0, 0x1.a41ae5fa85db0p+0},
      {257, 0x1.a41be43eb7a33p+0, 0x1.a41be3fd81e00p+0},
      {1000, 0x1.a4d8e591eb0e2p+0, 0x1.a4d8e550a9466p+0},
      {65536, 0x1.a5196666f4fbbp+0, 0x1.a5196625b07cap+0},
  };
  for (const Known& known : cases) {
    const std::vector<float> f = Values<float>(known.n);
    const std::vector<double> d = Values<double>(known.n);
    EXPECT_EQ(BlockSquaredNorm(f.data(), known.n), known.f32) << known.n;
    EXPECT_EQ(BlockSquaredNorm(d.data(), known.n), known.f64) << known.n;
  }
}

TEST(BlockSquaredNorm, DiffersFromASumInOrder) {
  const std::vector<float> x = Values<float>(1000);
  double in_order = 0.0;
  for (float v : x) in_order += static_cast<double>(v) * static_cast<double>(v);
  EXPECT_EQ(in_order, 0x1.a4d8e591eb0f7p+0);
  EXPECT_NE(BlockSquaredNorm(x.data(), 1000), in_order) << "the cases above would prove nothing";
}

TEST(BlockSquaredNorm, OfFiniteFloatsIsFiniteAndOfNothingZero) {
  const std::vector<float> largest(1000, 3.4e38f);
  EXPECT_LT(BlockSquaredNorm(largest.data(), 1000), 1e81);
  EXPECT_EQ(BlockSquaredNorm(largest.data(), 0), 0.0);
}

}  // namespace
}  // namespace lockstep::ops
