// SPDX-License-Identifier: Apache-2.0
// Train: a whole run, from a resolved config to a run directory: the ranks of this process, the
// step loop, evaluation, digests, checkpoints, the trained weights.
#pragma once

#include <atomic>
#include <vector>

#include "base/status.h"
#include "comm/communicator.h"
#include "comm/coordinator.h"
#include "comm/presence.h"
#include "worker/config/train_config.h"
#include "worker/report/train_report.h"
#include "worker/run/stop_cost.h"

namespace lockstep::worker {

// Where this process stands among the ranks of the run. All outlive the call.
struct TrainWorld {
  std::vector<comm::Communicator*> ranks;    // of this process: all W as threads, or one
  comm::Coordinator* coordinator = nullptr;  // of the run
  const std::atomic<bool>* stop = nullptr;   // set: finish the step, checkpoint, end as cancelled
  // Where this process says what it is at while no coordinator hears it; null: nobody looks.
  comm::Presence* presence = nullptr;
  // Where rank 0 notes how long steps and checkpoints take; null: nobody asks.
  StopCost* stop_cost = nullptr;
  // Receives the summary of the first rank here however the run ends; null: nobody asks.
  TrainSummary* summary = nullptr;
};

// Runs the whole training, or goes on with the one in the run directory. summary.json is written
// whatever happens once the run has begun. `observer` may be null; only rank 0 tells it. The
// failure of a rank that was ended by its peers or the coordinator is theirs.
Result<TrainSummary> Train(const TrainConfig& config, const TrainWorld& world,
                           TrainObserver* observer);

}  // namespace lockstep::worker
