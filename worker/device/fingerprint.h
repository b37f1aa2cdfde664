// SPDX-License-Identifier: Apache-2.0
// The fingerprint of a rank: what its kernels give on fixed input, as one hash. Ranks whose
// fingerprints differ would not compute the same bits, whatever they say of their hardware.
#pragma once

#include <cstdint>

#include "base/device/device_spec.h"
#include "base/status.h"

namespace lockstep::worker {

// One forward, loss, backward and update of small nets that use every kernel of training, on Philox
// input; computed once a process and spec.
Result<uint64_t> Fingerprint(const DeviceSpec& spec);

}  // namespace lockstep::worker
