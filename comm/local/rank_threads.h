// SPDX-License-Identifier: Apache-2.0
// RunRanks: for tests and tools, runs one function on every rank of a LocalWorld, each on a thread
// of its own with a communicator and a stream, and joins them.
#pragma once

#include <functional>

#include "base/device/device.h"
#include "comm/communicator.h"

namespace lockstep::comm {

void RunRanks(int32_t size, const std::function<void(Communicator*, Stream*)>& body);

}  // namespace lockstep::comm
