// SPDX-License-Identifier: Apache-2.0
// Checks of own GPU kernels on samples of ops: by the real CudaDevice on the fake plugin
// (ops/core/testing/fake_cuda.h), so by the host builds of the kernel bodies.
#pragma once

#include "ops/core/testing/op_case.h"

namespace lockstep::ops {

// Whether the op has an own GPU kernel that can run the sample.
bool HasGpuKernel(const OpCase& c);

// Every own GPU kernel of the op: its launches are such as every GPU takes; each element of an
// output is written exactly once, and nothing but outputs and workspace; no input changes; two runs
// have the same bits, in place too; and the result is as near to the double reference as a CPU
// kernel's must be.
Status CheckGpuKernels(const OpCase& c);

// Every own GPU kernel has the bits of the float reference kernel.
Status CheckGpuBitsAreTheReference(const OpCase& c);

}  // namespace lockstep::ops
