// SPDX-License-Identifier: Apache-2.0
// Evaluation: loss and top-1 accuracy over a split, with running statistics and no random numbers.
// Every sample once, in identity order, the same lane ranges for any number of ranks; counts are
// int64, losses fp64, summed in batch order within a lane and by the canonical tree over lanes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "comm/communicator.h"
#include "comm/reduce/all_sum.h"
#include "storage/loader/eval_loader.h"
#include "worker/model/compiled_model.h"
#include "worker/model/model_state.h"
#include "worker/step/lane_workspace.h"

namespace lockstep::worker {

struct EvalResult {
  int64_t samples = 0;
  int64_t correct = 0;
  double loss = 0.0;  // mean cross-entropy
  // A stop was asked for before the end: the rest says nothing.
  bool stopped = false;
  double accuracy() const {
    return samples == 0 ? 0.0 : static_cast<double>(correct) / static_cast<double>(samples);
  }
};

// Batches that are done, of how many.
using EvalProgress = std::function<void(int64_t done, int64_t batches)>;

class Evaluator {
 public:
  // All outlive the evaluator. `lanes`: of this rank.
  Evaluator(const CompiledModel* model, LaneWorkspaces* workspaces,
            const storage::EvalLoader* loader, Range lanes)
      : model_(model), workspaces_(workspaces), loader_(loader), lanes_(lanes) {}

  struct Options {
    // How long this rank, its lanes done, waits for the others.
    Duration patience = std::chrono::minutes(10);
    // Told of this rank's batches, by any of its threads (may be empty).
    EvalProgress progress;
    // Asked between batches, by several threads (may be empty): true ends the evaluation.
    std::function<bool()> stop;
  };
  // Blocks; every rank calls it and gets the same result. Samples missing or counted twice are an
  // internal failure. Where a rank was asked to stop every rank gets a result that says so.
  Result<EvalResult> Run(ModelState* state, comm::Communicator* communicator, Stream* stream,
                         const Options& options);

 private:
  // `batch_done` after each batch: false ends the lane.
  Status RunLane(Lane lane, const std::function<bool()>& batch_done, ModelState* state,
                 LaneWorkspace& workspace, comm::SumRow* row);

  const CompiledModel* model_;
  LaneWorkspaces* workspaces_;
  const storage::EvalLoader* loader_;
  Range lanes_;
};

}  // namespace lockstep::worker
