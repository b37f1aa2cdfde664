// SPDX-License-Identifier: Apache-2.0
// The specs of this machine as a CPU device.
#pragma once

#include <string>

#include "base/device/device_spec.h"

namespace lockstep::worker {

// The spec for plans of reference kernels: one thread, plain loops, the same bits on every x86-64
// machine (recipe: kernels = "reference").
DeviceSpec ReferenceHostSpec();

// The spec for plans of all kernels (recipe: kernels = "auto"), for `threads` threads per lane.
// `isa`: "native" or the name of a set this machine has (base/device/cpu_isa.h); fails with
// failed-precondition where it has not.
Result<DeviceSpec> HostCpuSpec(const std::string& isa, int32_t threads);

}  // namespace lockstep::worker
