// SPDX-License-Identifier: Apache-2.0
// Who says a failure that ranks meet before they have met one another: a wrong option, a limit, a
// plugin that is not there. Most of these every rank has, and a person is to read them once; but
// one may be a single machine's, and then nobody else can say it.
#pragma once

#include <atomic>

#include "base/clock.h"
#include "base/status.h"
#include "comm/rendezvous/launch_environment.h"

namespace lockstep::cluster {

// mpirun ends the other ranks as soon as rank 0 has gone with a failure. How long they wait for
// that before they take a failure for theirs alone.
inline constexpr Duration kEndedByRankZero = std::chrono::seconds(5);

// What this process, started as `environment` says, is to say of a failure: a lone process and
// rank 0 all of it, at once. Another rank waits until `stop` is set (may be null: it does not
// wait), and then leaves it to rank 0: the message is empty. So it is at once for what every task
// of srun has, which ends nobody: what is wrong with the command line, and that srun gave no way to
// find one another (a step of several programs is not thought of). Where nobody has ended it after
// `patience`, it says that itself, with its rank before it. A message that has its rank already was
// agreed on, and stays.
Status SaidByOneRank(const Status& failure, const comm::Environment& environment,
                     const std::atomic<bool>* stop, Duration patience = kEndedByRankZero);

// Whether this process prints what every rank would print alike: help, the version. A lone process
// and rank 0 do.
bool PrintsForAll(const comm::Environment& environment);

}  // namespace lockstep::cluster
