// SPDX-License-Identifier: Apache-2.0
// MeasureSteps: how long training steps take on this machine, on made-up data (SyntheticSteps).
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "worker/config/train_config.h"
#include "worker/measure/step_profile.h"
#include "worker/model/memory_report.h"
#include "worker/model/run_setup.h"

namespace lockstep::worker {

struct StepMeasurement {
  // Milliseconds of each step that counts; update_ms is the part after the lanes: totals, the
  // update of parameters and running statistics.
  std::vector<double> step_ms, update_ms;
  double warmup_ms = 0.0;      // all steps before them
  double state_hash_ms = 0.0;  // median; not in step_ms: what a digest takes beside a step
  double first_loss = 0.0, last_loss = 0.0;
  MemoryReport memory;   // as planned
  ProfileReading spent;  // over all steps that count, where the setup is a profiling one
};

// `config` has one rank. steps >= 1. Fails with resource-exhausted, before anything is allocated,
// where the plan needs more memory than the device has, as in training.
Result<StepMeasurement> MeasureSteps(const TrainConfig& config, const RunSetup& setup,
                                     int64_t warmup, int64_t steps);

}  // namespace lockstep::worker
