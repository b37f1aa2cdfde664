// SPDX-License-Identifier: Apache-2.0
#include "worker/measure/step_measurement.h"

#include "base/spread.h"
#include "worker/measure/synthetic_steps.h"

namespace lockstep::worker {
namespace {

constexpr int kHashes = 3;

double Milliseconds(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

Result<double> StateHashMs(SyntheticSteps* steps) {
  std::vector<double> ms;
  for (int i = 0; i < kHashes; ++i) {
    const TimePoint began = Clock::Real().Now();
    RETURN_IF_ERROR(steps->StateHash().status());
    ms.push_back(Milliseconds(Clock::Real().Now() - began));
  }
  return SpreadOf(ms).median;
}

}  // namespace

Result<StepMeasurement> MeasureSteps(const TrainConfig& config, const RunSetup& setup,
                                     int64_t warmup, int64_t steps) {
  RETURN_IF_ERROR(CheckFits(PlannedMemory(config, setup), setup.device->spec().memory_bytes));
  ASSIGN_OR_RETURN(const auto synthetic, SyntheticSteps::Make(&config, &setup));
  StepMeasurement measured;
  measured.memory = synthetic->memory();
  ProfileReading before = ReadProfile(*setup.model);
  for (int64_t i = -warmup; i < steps; ++i) {
    if (i == 0) before = ReadProfile(*setup.model);
    ASSIGN_OR_RETURN(const SyntheticSteps::Timing timing, synthetic->Run());
    if (i == -warmup) measured.first_loss = timing.loss;
    measured.last_loss = timing.loss;
    if (i < 0) {
      measured.warmup_ms += Milliseconds(timing.total());
      continue;
    }
    measured.step_ms.push_back(Milliseconds(timing.total()));
    measured.update_ms.push_back(Milliseconds(timing.update));
  }
  measured.spent = ReadProfile(*setup.model);
  for (size_t i = 0; i < before.size(); ++i) measured.spent[i] -= before[i];
  ASSIGN_OR_RETURN(measured.state_hash_ms, StateHashMs(synthetic.get()));
  return measured;
}

}  // namespace lockstep::worker
