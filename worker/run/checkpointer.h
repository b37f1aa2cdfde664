// SPDX-License-Identifier: Apache-2.0
// Checkpointer: takes the training state of all ranks at one step and has it written while the next
// steps run; and puts it back. Ranks send their optimizer blocks to rank 0, which writes all.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/device/queue_stream.h"
#include "comm/communicator.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/env/files.h"
#include "worker/config/train_config.h"
#include "worker/model/compiled_model.h"
#include "worker/model/model_state.h"
#include "worker/model/state_tensors.h"
#include "worker/report/run_tables.h"
#include "worker/run/consumption.h"
#include "worker/step/parameter_update.h"

namespace lockstep::worker {

class Checkpointer {
 public:
  // What only rank 0 does with a checkpoint, called from the writing thread.
  struct Hooks {
    std::function<Status()> before_write;  // what is in the tables reaches the disk
    std::function<Status()> may_commit;    // superseded: no
    // `took`: from the moment when the state was to be taken until it was in place.
    std::function<void(const storage::CheckpointManifest&, Duration took)> committed;
  };
  // All outlive this. Collective calls use `stream`.
  Checkpointer(const TrainConfig* config, const CompiledModel* model,
               comm::Communicator* communicator, Stream* stream, const ParameterUpdate* update,
               Hooks hooks);

  // Bytes a snapshot takes on rank 0 (0 on others).
  int64_t bytes() const;

  // Collective. Copies the state; rank 0 then writes it in the background, with `tables` (of rank
  // 0; others pass none), which the manifest tells of too. Waits first for the write before. Fails
  // where a parameter is not finite, or when too many writes in a row have failed
  // (checkpoint.max_missed); a single failed write is a warning.
  Status Take(storage::CheckpointManifest manifest, RunTables tables, ModelState* state,
              const Consumption& consumption, Deadline deadline);
  // Waits for the write under way (rank 0), and judges it as Take does.
  Status Finish();
  bool last_write_failed() const { return missed_ > 0; }

  // Reads parameters, running statistics, owned optimizer blocks and, on rank 0, what was consumed
  // and the tables. `advance` is told the bytes of each piece read; where it fails, so does this.
  Status Restore(const storage::CheckpointManifest& manifest, const storage::Advance& advance,
                 ModelState* state, Consumption* consumption, RunTables* tables);

 private:
  struct Snapshot;
  Status GatherSlots(ModelState* state, std::vector<AlignedBuffer>* arenas, Deadline deadline);
  Result<std::shared_ptr<Snapshot>> MakeSnapshot(storage::CheckpointManifest manifest,
                                                 RunTables tables, ModelState* state,
                                                 const std::vector<uint64_t>& consumed,
                                                 const std::vector<AlignedBuffer>& slots);
  Status Write(const Snapshot& snapshot);
  bool writes() const { return communicator_->rank() == Rank(0); }
  std::vector<std::string> SlotNames() const;

  const TrainConfig* config_;
  const CompiledModel* model_;
  comm::Communicator* communicator_;
  Stream* stream_;
  const ParameterUpdate* update_;
  Hooks hooks_;
  int32_t missed_ = 0;  // failed writes in a row
  struct Outcome;
  std::shared_ptr<Outcome> outcome_;  // of the write under way
  EventPtr written_;                  // null: none under way
  QueueStream writer_{"checkpoint"};  // last: its work uses the fields above
};

// Removes the checkpoints that the recipe does not keep, now that the newest is in place. A failure
// is a warning.
void RemoveOldCheckpoints(const TrainConfig& config, const storage::CheckpointManifest& newest);

}  // namespace lockstep::worker
