// SPDX-License-Identifier: Apache-2.0
// The fingerprint of a rank: what kernels of training give there on fixed input, as one hash. Ranks
// whose fingerprints differ would not compute the same bits, whatever they say of their hardware;
// equal ones do not prove that every kernel gives equal bits.
#pragma once

#include <cstdint>

#include "base/device/device_spec.h"
#include "base/status.h"

namespace lockstep::worker {

// One forward, loss, backward and update of three small nets on Philox input, with the first
// kernels of each op: convolution, batch normalisation, pooling, dropout, activations, narrow and
// wide linear layers, SGD and Adam. A kernel that none of them has is not in it. It is computed
// once per process and spec.
Result<uint64_t> Fingerprint(const DeviceSpec& spec);

}  // namespace lockstep::worker
