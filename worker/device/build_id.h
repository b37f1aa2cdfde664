// SPDX-License-Identifier: Apache-2.0
// What a run's bits are a function of, beside the recipe and the data: the build and the kind of
// hardware.
#pragma once

#include <string>

#include "base/device/device_spec.h"
#include "base/status.h"

namespace lockstep::worker {

// 16 hexadecimal digits: the hash of this program's file and of each library it has mapped that
// computes (libm, oneDNN, OpenMP) or was put before all others (LD_PRELOAD). They are read once in
// a process.
Result<std::string> BuildId();

// "cpu x86-64, reference kernels": plain loops, equal on every x86-64 machine. "cpu avx512, caches
// 32 KiB, 1024 KiB, 32768 KiB, oneDNN avx512_core_vnni, libm 1f0c62ab": what the bits of all other
// kernels depend on. The last is a hash of what the C library's functions give here: it has several
// of each, and picks by the processor and GLIBC_TUNABLES. Failed-precondition where oneDNN was
// started for another instruction set in this process.
Result<std::string> HardwareKind(const DeviceSpec& spec);

}  // namespace lockstep::worker
