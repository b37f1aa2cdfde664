// SPDX-License-Identifier: Apache-2.0
// The softmax of a row by the threads of a block, in double, for kernel bodies.
#pragma once

#include "ops/core/gpu_kernel.h"

namespace lockstep::gpu {

struct RowSums {
  double max;  // of the row; NaN where there is one
  double sum;  // of e^(x_k - max)
};

// `scratch` is shared memory of kThreads numbers. Every thread gets the sums.
GPU_DEVICE RowSums SumsOfRow(const float* x, int64_t channels, double* scratch) {
  double max = static_cast<double>(x[ThreadIndex() < channels ? ThreadIndex() : 0]);
  for (int64_t k = ThreadIndex(); k < channels; k += kThreads) {
    max = LargerOrNaN(max, static_cast<double>(x[k]));
  }
  RowSums sums;
  sums.max = BlockMax(max, scratch);
  double sum = 0.0;
  GPU_ROLLED
  for (int64_t k = ThreadIndex(); k < channels; k += kThreads) {
    sum += exp(static_cast<double>(x[k]) - sums.max);
  }
  sums.sum = BlockSum(sum, scratch);
  return sums;
}

// The sum of x_k - max, likewise.
GPU_DEVICE double SumOfShifted(const float* x, int64_t channels, double max, double* scratch) {
  double sum = 0.0;
  for (int64_t k = ThreadIndex(); k < channels; k += kThreads) {
    sum += static_cast<double>(x[k]) - max;
  }
  return BlockSum(sum, scratch);
}

// y_k = e^(x_k - max) / sum; y may be x.
GPU_DEVICE void StoreProbabilities(const float* x, int64_t channels, const RowSums& sums,
                                   float* y) {
  GPU_ROLLED
  for (int64_t k = ThreadIndex(); k < channels; k += kThreads) {
    const double d = static_cast<double>(x[k]) - sums.max;
    Store(y + k, static_cast<float>(exp(d) / sums.sum));
  }
}

}  // namespace lockstep::gpu
