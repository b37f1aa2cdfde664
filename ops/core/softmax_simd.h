// SPDX-License-Identifier: Apache-2.0
// The exponentials of rows of logits, in double: what kernels of softmax and of losses begin with.
// A row is one pixel or sample, `classes` floats. Both are called in a loop that is compiled for an
// instruction set (base/device/for_isa.h).
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/device/for_isa.h"
#include "base/exp_inline.h"

namespace lockstep::ops {

// Rows are dealt in at most `most` runs, each of which goes through in blocks of about 1 Ki logits
// and has a block of doubles as scratch.
struct SoftmaxRuns {
  int64_t classes, block, grain, runs;

  SoftmaxRuns(int64_t rows, int64_t row_classes, int64_t most = 32)
      : classes(row_classes),
        block(1 + 1023 / classes),
        grain(std::max((rows + most - 1) / most, block)),
        runs((rows + grain - 1) / grain) {}
  int64_t doubles() const { return block * classes; }  // of one run's scratch
};

// v = logits - max(logits) of `n` rows. A NaN makes its row's sum NaN whatever the maximum is.
LOCKSTEP_INLINE inline void SubtractMax(const float* logits, int64_t n, int64_t classes,
                                        double* __restrict v) {
  for (int64_t i = 0; i < n; ++i, logits += classes, v += classes) {
    float max = logits[0];
    for (int64_t k = 1; k < classes; ++k) max = max < logits[k] ? logits[k] : max;
    for (int64_t k = 0; k < classes; ++k) {
      v[k] = static_cast<double>(logits[k]) - static_cast<double>(max);
    }
  }
}

// v = e^v of n numbers, v <= 0 or NaN. What becomes of those below -707 changes neither a row's
// sum, which is at least 1, nor a float.
LOCKSTEP_INLINE inline void ExpNotPositive(int64_t n, double* __restrict v) {
  for (int64_t k = 0; k < n; ++k) v[k] = v[k] < -707.0 ? -707.0 : v[k];
  for (int64_t k = 0; k < n; ++k) v[k] = math::ExpWithoutBranches(v[k]);
}

}  // namespace lockstep::ops
