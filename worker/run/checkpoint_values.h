// SPDX-License-Identifier: Apache-2.0
// The numbers that a checkpoint holds beside tensors and trainer state, by name: what the reports
// of a run go on from. No digest covers them.
#pragma once

#include <map>
#include <string>

#include "storage/checkpoint/checkpoint.h"
#include "worker/report/train_report.h"
#include "worker/run/run_meter.h"

namespace lockstep::worker {

std::map<std::string, std::string> CheckpointValues(const TrainSummary& summary,
                                                    const EpochLoss& epoch);

// Puts the values of a checkpoint back. `epoch` comes with the sums of the run, each of them 0. A
// metric of the summary, or a sum, that the checkpoint does not have keeps its value. Data-loss
// where another value is missing.
Status RestoreCheckpointValues(const storage::CheckpointManifest& manifest, TrainSummary* summary,
                               EpochLoss* epoch);

}  // namespace lockstep::worker
