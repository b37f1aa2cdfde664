// SPDX-License-Identifier: Apache-2.0
// Evaluation: loss and top-1 accuracy over a split, with running statistics and no random numbers.
// Every sample once, in identity order, the same lane ranges for any number of ranks; counts are
// int64, losses fp64, summed in batch order within a lane and by the canonical tree over lanes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "comm/communicator.h"
#include "storage/loader/eval_loader.h"
#include "worker/trainer/compiled_model.h"
#include "worker/trainer/lane_workspace.h"
#include "worker/trainer/model_state.h"

namespace lockstep::worker {

struct EvalResult {
  int64_t samples = 0;
  int64_t correct = 0;
  double loss = 0.0;  // mean cross-entropy
  double accuracy() const {
    return samples == 0 ? 0.0 : static_cast<double>(correct) / static_cast<double>(samples);
  }
};

// Told the batches done and those to do, of this rank's lanes, after each; from any of the threads
// that run lanes, several at once.
using EvalProgress = std::function<void(int64_t done, int64_t total)>;

class Evaluator {
 public:
  // All outlive the evaluator. `lanes`: of this rank.
  Evaluator(const CompiledModel* model, LaneWorkspaces* workspaces,
            const storage::EvalLoader* loader, Range lanes)
      : model_(model), workspaces_(workspaces), loader_(loader), lanes_(lanes) {}

  // Blocks; every rank calls it and gets the same result. Samples missing or counted twice are an
  // internal failure. `patience`: how long this rank, its lanes done, waits for the others.
  // `progress` may be empty.
  Result<EvalResult> Run(ModelState* state, comm::Communicator* communicator, Stream* stream,
                         Duration patience, const EvalProgress& progress = {});

 private:
  Status RunLane(Lane lane, ModelState* state, LaneWorkspace& workspace, double* loss,
                 int64_t* counts, const std::function<void()>& batch_done);

  const CompiledModel* model_;
  LaneWorkspaces* workspaces_;
  const storage::EvalLoader* loader_;
  Range lanes_;
};

}  // namespace lockstep::worker
