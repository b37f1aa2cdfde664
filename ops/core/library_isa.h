// SPDX-License-Identifier: Apache-2.0
// The instruction set that the kernels' library uses, which decides the order of its sums and so
// the bits. It is fixed by this program, whatever variables the library would read.
#pragma once

#include <string>

#include "base/device/cpu_isa.h"
#include "base/status.h"

namespace lockstep::ops {

// Starts the library for `isa`, once in a process and before its first primitive, and names what it
// then uses of this machine: "oneDNN avx512_core_vnni". Empty in builds without a library. Fails
// with failed-precondition where it was started for another set, or cannot be held to this one.
Result<std::string> StartLibrary(CpuIsa isa);

}  // namespace lockstep::ops
