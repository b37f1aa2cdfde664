// SPDX-License-Identifier: Apache-2.0
// MakeKernel: a candidate of a family made for a device. On the emulated device it is the CPU's
// kernel behind a wrapper: a run is enqueued on the stream with the pointers and the step header of
// that moment, and computes, when its turn comes, on the bytes behind the wall.
#pragma once

#include <memory>

#include "base/device/device.h"
#include "ops/core/kernel.h"

namespace lockstep::ops {

// `device` outlives the kernel. On a device that is not host_addressable the kernel's runs take
// streams of this device.
Result<std::unique_ptr<Kernel>> MakeKernel(const KernelFamily& family, const NodeSpec& node,
                                           const Candidate& candidate, Device* device);

}  // namespace lockstep::ops
