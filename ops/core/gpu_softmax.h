// SPDX-License-Identifier: Apache-2.0
// The softmax of a row by the threads of a block, in double, for kernel bodies.
#pragma once

#include "ops/core/gpu_kernel.h"

namespace lockstep::gpu {

struct RowSums {
  double max;      // of the row; NaN where there is one
  double sum;      // of e^(x_k - max)
  double shifted;  // of x_k - max
};

// `scratch` is shared memory of kThreads numbers. Every thread gets the sums.
GPU_DEVICE RowSums SumsOfRow(const float* x, int64_t channels, double* scratch) {
  double max = static_cast<double>(x[ThreadIndex() < channels ? ThreadIndex() : 0]);
  for (int64_t k = ThreadIndex(); k < channels; k += kThreads) {
    max = LargerOrNaN(max, static_cast<double>(x[k]));
  }
  RowSums sums;
  sums.max = BlockMax(max, scratch);
  double sum = 0.0, shifted = 0.0;
  for (int64_t k = ThreadIndex(); k < channels; k += kThreads) {
    const double d = static_cast<double>(x[k]) - sums.max;
    sum += exp(d);
    shifted += d;
  }
  sums.sum = BlockSum(sum, scratch);
  sums.shifted = BlockSum(shifted, scratch);
  return sums;
}

// y_k = e^(x_k - max) / sum; y may be x.
GPU_DEVICE void StoreProbabilities(const float* x, int64_t channels, const RowSums& sums,
                                   float* y) {
  for (int64_t k = ThreadIndex(); k < channels; k += kThreads) {
    const double d = static_cast<double>(x[k]) - sums.max;
    Store(y + k, static_cast<float>(exp(d) / sums.sum));
  }
}

}  // namespace lockstep::gpu
