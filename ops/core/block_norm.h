// SPDX-License-Identifier: Apache-2.0
// The squared norm of a block in a fixed association: squares in double, element i added to partial
// i mod 256 in increasing i, then the 256 partials by halving strides (128, 64, ..., 1).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace lockstep::ops {

// Of the numbers at(0), ..., at(length - 1).
template <typename At>
double BlockSquaredNormOf(int64_t length, const At& at) {
  std::array<double, 256> partial{};
  for (int64_t begin = 0; begin < length; begin += 256) {
    const int64_t count = std::min<int64_t>(256, length - begin);
    for (int64_t i = 0; i < count; ++i) {
      const double v = static_cast<double>(at(begin + i));
      partial[static_cast<size_t>(i)] += v * v;
    }
  }
  for (size_t stride = 128; stride >= 1; stride /= 2) {
    for (size_t i = 0; i < stride; ++i) partial[i] += partial[i + stride];
  }
  return partial[0];
}

template <typename T>
double BlockSquaredNorm(const T* x, int64_t length) {
  return BlockSquaredNormOf(length, [x](int64_t i) { return x[i]; });
}

}  // namespace lockstep::ops
