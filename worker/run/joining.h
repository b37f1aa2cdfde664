// SPDX-License-Identifier: Apache-2.0
// How a rank joins its run: it registers with the coordinator, waits until it is accepted, and
// checks that the coordinator speaks of the same lanes and shards.
#pragma once

#include <memory>

#include "worker/model/run_setup.h"
#include "worker/run/membership.h"
#include "worker/run/train.h"

namespace lockstep::worker {

// The membership of a rank that has not joined yet. All outlive it. A rank that is told to end
// aborts the communicator.
Result<std::unique_ptr<Membership>> MakeMembership(const TrainConfig& config, const RunSetup& setup,
                                                   const TrainWorld& world,
                                                   comm::Communicator* communicator);

// Joins, telling `observer` (may be null) what is waited for. What the coordinator refuses to all
// ranks alike is said as by rank 0, and a run directory that cannot be used with its remedy.
// Internal: the coordinator gave this rank other lanes than `lanes`.
Result<comm::Assignment> JoinRun(const TrainWorld& world, const comm::Communicator& communicator,
                                 Range lanes, Membership* membership, TrainObserver* observer);

// Internal: the coordinator dealt other shards than the lanes read from the epoch's beginning on.
Status CheckShards(const RunSetup& setup, const comm::Assignment& assignment, Range lanes,
                   Epoch epoch);

}  // namespace lockstep::worker
