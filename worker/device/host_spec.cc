// SPDX-License-Identifier: Apache-2.0
#include "worker/device/host_spec.h"

#include "base/device/cpu_isa.h"
#include "base/process_limits.h"

namespace lockstep::worker {

DeviceSpec ReferenceHostSpec() {
  DeviceSpec spec = ReferenceCpuSpec();
  spec.memory_bytes = MachineMemory();
  return spec;
}

Result<DeviceSpec> HostCpuSpec(const std::string& isa, int32_t threads) {
  DeviceSpec spec = ReferenceHostSpec();
  spec.reference_kernels_only = false;
  spec.threads = threads;
  CpuIsa wanted = HostCpuIsa();
  if (isa != "native") {
    ASSIGN_OR_RETURN(wanted, CpuIsaFromName(isa));
  }
  if (wanted > HostCpuIsa()) {
    return FailedPrecondition("train.cpu_isa is '" + isa + "' and this machine has " +
                              std::string(NameOf(HostCpuIsa())) +
                              "; use the smallest that all machines of the run have");
  }
  spec.isa = NameOf(wanted);
  return spec;
}

}  // namespace lockstep::worker
