// SPDX-License-Identifier: Apache-2.0
// The CPU as a device. Kernels run on the lane's own thread; streams are queues (base/device).
#pragma once

#include "base/device/device.h"

namespace lockstep::worker {

// What plans for this host's CPU are compiled for. `reference_only`: recipe kernels = "reference".
DeviceSpec HostCpuSpec(bool reference_only);

class CpuDevice : public Device {
 public:
  explicit CpuDevice(DeviceSpec spec) : spec_(std::move(spec)) {}
  const DeviceSpec& spec() const override { return spec_; }

 private:
  const DeviceSpec spec_;
};

}  // namespace lockstep::worker
