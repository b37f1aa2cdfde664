// SPDX-License-Identifier: Apache-2.0
// What a recipe's plans are for a device that need not be here: which ops have kernels for it and
// which do not, fused ops that stand as their parts, and what memory a rank takes there. Plans are
// made of the device's spec alone.
#pragma once

#include <string>

#include "base/device/device_spec.h"
#include "base/status.h"
#include "worker/config/train_config.h"

namespace lockstep::worker {

// A text for people. An op without a kernel is a line in it and no failure; then the arena is told
// without the workspaces of kernels. Fails where the recipe does on this machine (data, shapes).
Result<std::string> ExplainForDevice(const TrainConfig& config, const DeviceSpec& device);

}  // namespace lockstep::worker
