// SPDX-License-Identifier: Apache-2.0
// What, beside the recipe and the data, a run's bits are a function of (exactness.md 1): the build
// and the kind of hardware.
#pragma once

#include <string>

#include "base/device/device_spec.h"
#include "base/status.h"

namespace lockstep::worker {

// 16 hexadecimal digits: the hash of this program's file and of each library it has mapped that
// computes (libm, oneDNN, OpenMP). Read once a process.
Result<std::string> BuildId();

// "cpu x86-64, reference kernels": plain loops, equal on every x86-64 machine. "cpu avx512, caches
// 32 KiB, 1024 KiB, 32768 KiB": what the bits of all other kernels depend on.
std::string HardwareKind(const DeviceSpec& spec);

}  // namespace lockstep::worker
