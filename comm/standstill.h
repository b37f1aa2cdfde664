// SPDX-License-Identifier: Apache-2.0
// Who stood still says so itself: the words of a process whose peers gave it up meanwhile.
#pragma once

#include "base/clock.h"
#include "base/pulse.h"
#include "base/status.h"

namespace lockstep::comm {

// The same failure; where it is the loss of a peer, and this process has lately stood still for
// half of `limit`, the silence that peers allow, or longer, with that before it.
Status ExplainStandstill(const Status& failure, const Pulse& pulse, Duration limit);

}  // namespace lockstep::comm
