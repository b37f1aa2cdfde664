// SPDX-License-Identifier: Apache-2.0
// AgreeOnStatus: whether something went well on every rank, known to every rank.
#pragma once

#include "base/clock.h"
#include "base/device/device.h"
#include "base/status.h"
#include "comm/communicator.h"

namespace lockstep::comm {

// OK if `mine` is OK on every rank; else the failure of the lowest rank that has one, with "rank R:
// " before its message (cut to what fits one small message). Blocks; every rank calls it.
Status AgreeOnStatus(Communicator* communicator, const Status& mine, Stream* stream,
                     Deadline deadline);

}  // namespace lockstep::comm
