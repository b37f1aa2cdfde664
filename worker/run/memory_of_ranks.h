// SPDX-License-Identifier: Apache-2.0
// The memory of a run once its ranks have allocated it.
#pragma once

#include "comm/communicator.h"
#include "worker/config/train_config.h"
#include "worker/model/memory_report.h"
#include "worker/model/run_setup.h"
#include "worker/step/step_engine.h"

namespace lockstep::worker {

// The memory of all ranks together, where this rank has `engine`, `lanes` lanes and checkpoints of
// so many bytes. Every rank calls it and gets the same.
Result<MemoryReport> MemoryOfAllRanks(const TrainConfig& config, const RunSetup& setup,
                                      comm::Communicator* communicator, StepEngine* engine,
                                      int64_t lanes, int64_t checkpoint_bytes, Deadline deadline);

}  // namespace lockstep::worker
