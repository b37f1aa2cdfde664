// SPDX-License-Identifier: Apache-2.0
#include "base/resident_memory.h"

#include <cstdlib>
#include <fstream>
#include <string>

namespace lockstep {

ResidentMemory ReadResidentMemory() {
  ResidentMemory memory;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {  // "VmHWM:      1234 kB"
    if (line.starts_with("VmRSS:")) memory.now = 1024 * std::atoll(line.c_str() + 6);
    if (line.starts_with("VmHWM:")) memory.peak = 1024 * std::atoll(line.c_str() + 6);
  }
  return memory;
}

}  // namespace lockstep
