// SPDX-License-Identifier: Apache-2.0
// SyntheticSteps: training steps of one rank on made-up images in memory, by the engine that trains
// (StepEngine) in a local world of one rank, but without dataset, coordinator and run directory.
// They measure what a step costs.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "comm/local/local_world.h"
#include "storage/loader/batch.h"
#include "worker/model/memory_report.h"
#include "worker/model/run_setup.h"
#include "worker/step/step_engine.h"

namespace lockstep::worker {

class SyntheticSteps {
 public:
  struct Timing {
    Duration lanes{};   // forward, loss, backward and the sum over lanes
    Duration update{};  // totals, update of parameters and running statistics
    double loss = 0.0;
    Duration total() const { return lanes + update; }
  };

  // Everything is allocated here. `config` has one rank; both outlive the steps. Images and
  // numbers are normal deviates, labels and masks uniform, from config.seed; every step sees the
  // same batch.
  static Result<std::unique_ptr<SyntheticSteps>> Make(const TrainConfig* config,
                                                      const RunSetup* setup);

  // Makes one whole step; fails with NonFinite when its loss is not finite.
  Result<Timing> Run();
  // The hash that a digest is made of: what training does beside a step (train.digest_every).
  Result<uint64_t> StateHash();

  int64_t steps() const { return steps_; }
  MemoryReport memory() const;  // of what has been allocated

 private:
  SyntheticSteps(const TrainConfig* config, const RunSetup* setup);
  Status Allocate();
  Result<storage::LaneBatch> MakeLane(int32_t lane) const;

  const TrainConfig* config_;
  const RunSetup* setup_;
  comm::LocalWorld world_{1};
  std::unique_ptr<comm::Communicator> communicator_;
  std::shared_ptr<storage::StepBatch> batch_;
  int64_t steps_ = 0;
  std::unique_ptr<StepEngine> engine_;  // last: it uses the fields above
};

}  // namespace lockstep::worker
