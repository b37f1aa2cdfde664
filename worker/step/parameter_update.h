// SPDX-License-Identifier: Apache-2.0
// ParameterUpdate: the second half of a phase of a step: Reduce the gradients to the owners of
// their blocks, Decide where the recipe clips or skips or the optimizer reads norms of whole
// parameters, Update the owned blocks and Gather them; the same for the running statistics; and the
// hash of the resulting state.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "comm/communicator.h"
#include "comm/reduce/block_exchange.h"
#include "worker/config/train_config.h"
#include "worker/model/compiled_model.h"
#include "worker/model/model_state.h"
#include "worker/step/lane_runner.h"
#include "worker/step/scalar_cells.h"
#include "worker/step/state_hasher.h"
#include "worker/step/tensor_norms.h"

namespace lockstep::worker {

class ParameterUpdate {
 public:
  struct Options {
    int32_t lanes = 1;            // V
    double clip_norm = 0.0;       // > 0: clip by global norm
    bool skip_nonfinite = false;  // nonfinite = "skip"
    bool allreduce = false;       // sync = "allreduce": sums in the transport's order, every rank
                                  // updates every block
    int64_t bucket_bytes = 32 << 20;
  };
  struct StepScalars {
    double lr = 0.0;
    double gradient_scale = 1.0;  // lane_batch / sum of denominators
    size_t stage = 0;             // of the program
    // After this one, by stage from which on parameters are trained: what an optimizer counts from
    // 1. Those of later stages say nothing.
    std::vector<int64_t> applied_updates;
  };
  struct Outcome {
    bool applied = true;       // false: a non-finite gradient was skipped
    double gradient_norm = 0;  // where a decision needed it
  };

  // All outlive this.
  ParameterUpdate(const CompiledModel* model, comm::Communicator* communicator, Stream* stream,
                  const Options& options);

  // The blocks this rank updates and has the optimizer state of: those it owns, or all.
  std::vector<int64_t> OwnedBlocks() const;
  Rank OwnerOf(int64_t block) const { return gradients_.OwnerOf(block); }
  bool everyone_updates() const { return options_.allreduce; }
  bool Updates(int64_t block) const {
    return everyone_updates() || OwnerOf(block) == communicator_->rank();
  }
  int64_t scratch_bytes() const;

  // Updates what the phase trains, from the gradients that `lanes` has of it. Blocks. A non-finite
  // gradient under nonfinite = "stop" is NonFinite, naming the parameter; the caller aborts the
  // run.
  Result<Outcome> Run(const LaneRunner& lanes, size_t phase, const StepScalars& scalars,
                      ModelState* state, Deadline deadline);

  // How long Run has waited for exchanges so far, in all: what they cost beyond what they overlap.
  Duration waited() const { return waited_; }

  // H: hash of all block hashes. Blocks; every rank calls it.
  Result<uint64_t> StateHash(ModelState* state, Deadline deadline) {
    return state_hash_.Run(state, stream_, deadline);
  }
  // Brings the averages of all parameters (Program::ema_slot) into an arena like that of the
  // parameters, on every rank; frozen parameters are copied. Blocks; every rank calls it.
  Status GatherAverages(ModelState* state, void* arena, Deadline deadline);

 private:
  std::vector<EventPtr> ReduceAll(const LaneRunner& lanes, void* sums, Deadline deadline);
  EventPtr AllReduceBucket(int64_t bucket, const std::vector<void*>& subtrees, Deadline deadline);
  // Runs `each` for the blocks of a range that this rank has and the phase trains, on all threads
  // of `workspaces` at once.
  Status ForBlocks(Range blocks, LaneWorkspaces& workspaces,
                   const std::function<Status(int64_t block, void* arena)>& each);
  // What a plan of the program's Update or Measure reads, for a block.
  std::vector<const void*> ArgumentsOf(const graph::Plan& plan, int64_t block, const void* sums,
                                       const std::vector<ScalarCells>& scalars,
                                       ModelState* state) const;
  Status UpdateBlock(int64_t block, const void* sums, const std::vector<ScalarCells>& scalars,
                     void* arena, ModelState* state);
  // Of the step, by parameter.
  std::vector<ScalarCells> ScalarsOfParameters(const StepScalars& step,
                                               double gradient_scale) const;
  Status CheckFinite(int64_t block, const void* sums) const;
  Result<double> SummedNorm(const void* sums, Deadline deadline);
  // Adds the norms of the parameters that the phase trains to their scalars; NonFinite naming the
  // first of which a norm is none.
  Status AddNorms(const void* sums, LaneWorkspaces& workspaces, ModelState* state,
                  std::vector<ScalarCells>* scalars, Deadline deadline);
  Status UpdateRunning(const LaneRunner& lanes, ModelState* state, Deadline deadline);
  Status UpdateRunningLayer(size_t layer, const double* sums, void* arena, ModelState* state);
  Status WaitFor(const EventPtr& event);
  // Whether the phase that is being updated trains a block.
  bool Trained(int64_t block) const;
  bool TrainsAnyOf(Range blocks) const;
  bool decides() const { return options_.clip_norm > 0 || options_.skip_nonfinite; }

  const CompiledModel* model_;
  comm::Communicator* communicator_;
  Stream* stream_;
  Options options_;
  comm::BlockExchange gradients_;
  std::unique_ptr<comm::BlockExchange> statistics_, running_;  // null where no batch norm learns
  TensorNorms gradient_norms_;                                 // one a block
  std::unique_ptr<TensorNorms> tensor_norms_;  // null where the optimizer reads none
  StateHasher state_hash_;
  size_t phase_ = 0, stage_ = 0;  // those that are being updated
  Duration waited_{};
};

}  // namespace lockstep::worker
