// SPDX-License-Identifier: Apache-2.0
// The squared norm of a block in a fixed association: squares in double, element i added to partial
// i mod 256 in increasing i, then the 256 partials by halving strides (128, 64, ..., 1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lockstep::worker {

template <typename T>
double BlockSquaredNorm(const T* x, int64_t length) {
  std::array<double, 256> partial{};
  for (int64_t i = 0; i < length; ++i) {
    const double v = static_cast<double>(x[i]);
    partial[static_cast<size_t>(i % 256)] += v * v;
  }
  for (size_t stride = 128; stride >= 1; stride /= 2) {
    for (size_t i = 0; i < stride; ++i) partial[i] += partial[i + stride];
  }
  return partial[0];
}

}  // namespace lockstep::worker
