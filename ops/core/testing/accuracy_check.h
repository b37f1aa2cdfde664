// SPDX-License-Identifier: Apache-2.0
// The rounding error of kernels.
#pragma once

#include <span>

#include "ops/core/testing/kernel_run.h"
#include "ops/core/testing/op_case.h"

namespace lockstep::ops {

// Every float32 CPU kernel of the op is within
//
//   4 * eps * sqrt(K) * magnitude
//
// of the double reference run on the same float32 inputs, widened; integers must be equal. eps is
// the output type's machine epsilon. K, the terms of an output element's sum, is half the
// operations that the op's cost says for each element (a multiply-add counts two), at least 1. The
// magnitude of output element y is the largest of |y| and, for each input tensor, the sum over its
// elements of |x_i dy/dx_i| (by central differences in double). For sums of products that is the
// sum of the terms' magnitudes; for any other op it is what an error of one eps in every element of
// an input would do to y.
Status CheckFloatAccuracy(const OpCase& c);
// The same of these kernels.
Status CheckFloatAccuracyOf(const OpCase& c, std::span<const MadeKernel> kernels);

}  // namespace lockstep::ops
