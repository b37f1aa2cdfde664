// SPDX-License-Identifier: Apache-2.0
// ParameterUpdate: the second half of a phase of a step: Reduce the gradients to the owners of
// their blocks, Decide where the recipe clips or skips, Update the owned blocks and Gather them;
// the same for the running statistics; and the hash of the resulting state.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "comm/communicator.h"
#include "comm/reduce/block_exchange.h"
#include "worker/config/train_config.h"
#include "worker/model/compiled_model.h"
#include "worker/model/model_state.h"
#include "worker/step/lane_runner.h"
#include "worker/step/owned_gather.h"
#include "worker/step/scalar_cells.h"

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
    int64_t applied_updates = 0;  // after this one: what an optimizer counts from 1
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

  // H: hash of all block hashes. Blocks; every rank calls it. Frozen parameters are hashed at the
  // first call, and must be loaded by then.
  Result<uint64_t> StateHash(ModelState* state, Deadline deadline);

 private:
  std::vector<EventPtr> ReduceAll(const LaneRunner& lanes, void* sums, Deadline deadline);
  EventPtr AllReduceBucket(int64_t bucket, const std::vector<void*>& subtrees, Deadline deadline);
  // Updates the blocks of a bucket, on all threads of `workspaces` at once.
  Status UpdateBucket(int64_t bucket, const void* sums, const std::vector<ScalarCells>& scalars,
                      LaneWorkspaces& workspaces, ModelState* state);
  Status UpdateBlock(int64_t block, const void* sums, const std::vector<ScalarCells>& scalars,
                     void* arena, ModelState* state);
  // By group of the program.
  std::vector<ScalarCells> ScalarsOfGroups(const StepScalars& step, double gradient_scale) const;
  Status CheckFinite(int64_t block, const void* sums) const;
  Result<double> SummedNorm(const void* sums, Deadline deadline);
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
  OwnedGather norms_, hashes_;
  size_t phase_ = 0;  // the one that is being updated
  std::optional<uint64_t> frozen_hash_;
  Duration waited_{};
};

}  // namespace lockstep::worker
