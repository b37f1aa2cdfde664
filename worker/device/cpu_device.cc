// SPDX-License-Identifier: Apache-2.0
#include "worker/device/cpu_device.h"

#include <unistd.h>

namespace lockstep::worker {

DeviceSpec HostCpuSpec(bool reference_only) {
  DeviceSpec spec = ReferenceCpuSpec();
  spec.reference_kernels_only = reference_only;
  spec.memory_bytes = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  return spec;
}

}  // namespace lockstep::worker
