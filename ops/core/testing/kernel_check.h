// SPDX-License-Identifier: Apache-2.0
// Checks of how kernels treat memory. Each looks at every CPU kernel of the op, on the sample in
// `precision`; the first failure names the kernel.
#pragma once

#include <span>

#include "ops/core/testing/kernel_run.h"
#include "ops/core/testing/op_case.h"

namespace lockstep::ops {

// A kernel writes every byte of the outputs the shape rule tells, nothing outside them and its
// workspace, and leaves its inputs as they were.
Status CheckWritesItsOutputs(const OpCase& c, DType precision);

// In place, by each pair of may_alias alone and by all that go together, the bits are the same.
Status CheckInPlace(const OpCase& c, DType precision);
// The same of these kernels.
Status CheckInPlaceOf(const OpCase& c, DType precision, std::span<const MadeKernel> kernels);

// 100 runs have equal bits while another thread runs the same kernel on other numbers, and so have
// the runs of that thread.
Status CheckRepeats(const OpCase& c, DType precision);

// Kernels that can have an input prepared give the same bits with it (float32).
Status CheckPrepared(const OpCase& c);

// Own kernels give the same bits under each instruction set of this machine, on one thread and on
// two (float32).
Status CheckOwnKernelsAgree(const OpCase& c);

// The same, and the bits are the reference's: for ops without sums.
Status CheckOwnKernelsAreTheReference(const OpCase& c);

}  // namespace lockstep::ops
