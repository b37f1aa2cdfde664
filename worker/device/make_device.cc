// SPDX-License-Identifier: Apache-2.0
#include "worker/device/make_device.h"

#include <utility>

#include "base/device/cpu/cpu_device.h"
#include "base/device/emulated/emulated_device.h"
#include "worker/device/host_spec.h"

namespace lockstep::worker {
namespace {

Result<DeviceSpec> HostSpecOf(const DeviceWish& wish) {
  if (wish.reference_kernels) return ReferenceHostSpec();
  return HostCpuSpec(wish.cpu_isa, wish.threads);
}

}  // namespace

std::vector<std::string> DeviceNames() {
  return {std::string(kCpuDevice), std::string(kEmulatedDevice)};
}

Result<std::unique_ptr<Device>> MakeDevice(const DeviceWish& wish) {
  if (wish.name == kCpuDevice || wish.name == kAutoDevice) {
    ASSIGN_OR_RETURN(DeviceSpec spec, HostSpecOf(wish));
    return std::unique_ptr<Device>(std::make_unique<CpuDevice>(std::move(spec)));
  }
  if (wish.name == kEmulatedDevice) {
    ASSIGN_OR_RETURN(DeviceSpec spec, HostSpecOf(wish));
    return std::unique_ptr<Device>(std::make_unique<EmulatedDevice>(std::move(spec)));
  }
  std::string names;
  for (const std::string& name : DeviceNames()) names += (names.empty() ? "" : ", ") + name;
  return InvalidArgument("run.device is '" + wish.name + "'; expected one of: " + names);
}

}  // namespace lockstep::worker
