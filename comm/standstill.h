// SPDX-License-Identifier: Apache-2.0
// The words of a process that stood still, and whose peers gave it up meanwhile.
#pragma once

#include "base/clock.h"
#include "base/pulse.h"
#include "base/status.h"

namespace lockstep::comm {

// Returns `failure`. Where it is the loss of a peer, and this process has lately stood still for at
// least half of `limit` (the silence that peers allow), its message says that first.
Status ExplainStandstill(const Status& failure, const Pulse& pulse, Duration limit);

}  // namespace lockstep::comm
