// SPDX-License-Identifier: Apache-2.0
// The one place that knows devices by name; everything else sees the interface
// (base/device/device.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/device/device.h"

namespace lockstep::worker {

inline constexpr std::string_view kAutoDevice = "auto";  // the best there is: the CPU
inline constexpr std::string_view kCpuDevice = "cpu";
// The CPU behind a wall (base/device/emulated/emulated_device.h): for tests of what devices with
// memory of their own ask of the program.
inline constexpr std::string_view kEmulatedDevice = "emulated";

// All but "auto".
std::vector<std::string> DeviceNames();

// What a run asks of its device.
struct DeviceWish {
  std::string name = std::string(kAutoDevice);  // recipe: run.device
  bool reference_kernels = false;               // recipe: train.kernels = "reference"
  std::string cpu_isa = "native";               // recipe: train.cpu_isa
  int32_t threads = 1;                          // recipe: batch.lane_threads
};

// Fails with invalid-argument where no device has the name, and as HostCpuSpec does.
Result<std::unique_ptr<Device>> MakeDevice(const DeviceWish& wish);

}  // namespace lockstep::worker
