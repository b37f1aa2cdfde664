// SPDX-License-Identifier: Apache-2.0
// What the operating system says this process occupies: measured, beside what a plan foresees.
#pragma once

#include <cstdint>

namespace lockstep {

// Bytes of physical memory, shared libraries included; 0: the system does not say.
struct ResidentMemory {
  int64_t now = 0;
  int64_t peak = 0;  // since the process started
};
ResidentMemory ReadResidentMemory();

}  // namespace lockstep
