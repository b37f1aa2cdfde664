// SPDX-License-Identifier: Apache-2.0
// Builds without a library of kernels.
#include "ops/core/library_isa.h"

namespace lockstep::ops {

Result<std::string> StartLibrary(CpuIsa) { return std::string(); }

}  // namespace lockstep::ops
