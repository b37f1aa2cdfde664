// SPDX-License-Identifier: Apache-2.0
// Specs of known devices, for plans for a device that is not there: those of base/device/specs/,
// which the build puts into the program.
#pragma once

#include <string>
#include <vector>

#include "base/device/device_spec.h"

namespace lockstep {

// "h100", "h200": the files' names without ".spec", in order.
std::vector<std::string> KnownDeviceSpecs();

// The spec in that file or, where there is no such file, the known one of that name ("h200" or
// "h200.spec"). Not-found where neither is there; invalid-argument, naming the file, where it is no
// spec.
Result<DeviceSpec> FindDeviceSpec(const std::string& file_or_name);

}  // namespace lockstep
