// SPDX-License-Identifier: Apache-2.0
#include "worker/run/checkpointer.h"

#include <cstring>
#include <set>

#include "base/log.h"
#include "comm/tags.h"
#include "storage/checkpoint/checkpoint_directory.h"
#include "worker/report/checkpoint_tables.h"
#include "worker/run/best_so_far.h"

namespace lockstep::worker {
namespace {

constexpr char kModelGroup[] = "model";
constexpr char kProgressGroup[] = "progress";
constexpr char kConsumed[] = "consumed";

// Whether a checkpoint holds the slots that the run keeps. The options of an optimizer may change
// at a resume, and with them what is kept.
Status CheckSlots(const storage::CheckpointManifest& manifest,
                  const std::vector<std::string>& names) {
  std::set<std::string> expected(names.begin(), names.end()), found;
  for (const storage::CheckpointFile& file : manifest.files) {
    const std::string group = file.name.substr(0, file.name.find('-'));
    if (group != kModelGroup && group != kProgressGroup && group != kTablesGroup) {
      found.insert(group);
    }
  }
  if (found == expected) return OkStatus();
  const auto list = [](const std::set<std::string>& slots) {
    std::string text;
    for (const std::string& slot : slots) text += (text.empty() ? "" : ", ") + slot;
    return text.empty() ? "no state" : text;
  };
  return FailedPrecondition("checkpoint " + manifest.id.Name() + " holds " + list(found) +
                            " of the optimizer, and its options now need " + list(expected) +
                            "; give it the options that it had, or train anew");
}

}  // namespace

struct Checkpointer::Snapshot {
  storage::CheckpointManifest manifest;
  std::vector<StateTensor> model;
  std::vector<std::vector<StateTensor>> slots;
  std::vector<int64_t> consumed;  // the words of Consumption
  RunTables tables;
  TimePoint began;

  std::vector<storage::TensorGroup> Groups(const std::vector<std::string>& slot_names) const {
    std::vector<storage::TensorGroup> groups = {{kModelGroup, ViewsOf(model)}};
    for (size_t i = 0; i < slots.size(); ++i) groups.push_back({slot_names[i], ViewsOf(slots[i])});
    const TensorType words{DType::kInt64, {static_cast<int64_t>(consumed.size())}};
    groups.push_back({kProgressGroup, {{kConsumed, words, consumed.data()}}});
    groups.push_back(TablesGroup(tables));
    return groups;
  }
};

struct Checkpointer::Outcome {
  Status status;
};

Checkpointer::Checkpointer(const TrainConfig* config, const CompiledModel* model,
                           comm::Communicator* communicator, Stream* stream,
                           const ParameterUpdate* update, Hooks hooks)
    : config_(config),
      model_(model),
      communicator_(communicator),
      stream_(stream),
      update_(update),
      hooks_(std::move(hooks)) {}

std::vector<std::string> Checkpointer::SlotNames() const { return model_->program().slots(); }

int64_t Checkpointer::bytes() const {
  if (!writes()) return 0;
  return CheckpointCopyBytes(*model_);
}

Status Checkpointer::Take(storage::CheckpointManifest manifest, RunTables tables, ModelState* state,
                          const Consumption& consumption, Deadline deadline) {
  RETURN_IF_ERROR(Finish());
  const TimePoint began = Clock::Real().Now();
  ASSIGN_OR_RETURN(const std::vector<uint64_t> consumed,
                   consumption.Join(communicator_, stream_, deadline));
  std::vector<AlignedBuffer> slots;
  RETURN_IF_ERROR(GatherSlots(state, &slots, deadline));
  if (!writes()) return OkStatus();
  ASSIGN_OR_RETURN(std::shared_ptr<Snapshot> snapshot,
                   MakeSnapshot(std::move(manifest), std::move(tables), state, consumed, slots));
  snapshot->began = began;
  outcome_ = std::make_shared<Outcome>();
  written_ = writer_.Enqueue([this, snapshot = std::move(snapshot), outcome = outcome_] {
    outcome->status = Write(*snapshot);
    return OkStatus();  // a stream that has failed runs nothing more
  });
  return OkStatus();
}

Status Checkpointer::GatherSlots(ModelState* state, std::vector<AlignedBuffer>* arenas,
                                 Deadline deadline) {
  const auto& blocks = model_->space().blocks();
  const int64_t size = SizeOf(model_->precision());
  std::vector<comm::SendOp> sends;
  std::vector<comm::ReceiveOp> receives;
  for (size_t slot = 0; slot < SlotNames().size(); ++slot) {
    char* arena = nullptr;
    if (writes()) {
      ASSIGN_OR_RETURN(AlignedBuffer buffer, ZeroedBuffer(model_->space().elements() * size));
      arena = static_cast<char*>(buffer.data());
      arenas->push_back(std::move(buffer));
    }
    for (size_t i = 0; i < blocks.size(); ++i) {
      const auto block = static_cast<int64_t>(i);
      const auto bytes = static_cast<size_t>(blocks[i].length * size);
      if (update_->Updates(block)) {
        const void* mine = state->SlotOfBlock(slot, block);
        if (writes()) {
          std::memcpy(arena + blocks[i].offset * size, mine, bytes);
        } else if (!update_->everyone_updates()) {
          sends.push_back({Rank(0), comm::kOptimizerStateTag, mine, bytes});
        }
      } else if (writes()) {
        receives.push_back({update_->OwnerOf(block), comm::kOptimizerStateTag,
                            arena + blocks[i].offset * size, bytes});
      }
    }
  }
  if (sends.empty() && receives.empty()) return OkStatus();
  return communicator_->Exchange(std::move(sends), std::move(receives), stream_, deadline)
      ->Wait(Deadline::Never());
}

Result<std::shared_ptr<Checkpointer::Snapshot>> Checkpointer::MakeSnapshot(
    storage::CheckpointManifest manifest, RunTables tables, ModelState* state,
    const std::vector<uint64_t>& consumed, const std::vector<AlignedBuffer>& slots) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->manifest = std::move(manifest);
  snapshot->manifest.tables = StatesOf(tables);
  snapshot->tables = std::move(tables);
  ASSIGN_OR_RETURN(snapshot->model, ModelTensors(*model_, state));
  for (const AlignedBuffer& arena : slots) {
    ASSIGN_OR_RETURN(std::vector<StateTensor> tensors, SlotTensors(*model_, arena.data()));
    snapshot->slots.push_back(std::move(tensors));
  }
  for (const uint64_t word : consumed) snapshot->consumed.push_back(static_cast<int64_t>(word));
  return snapshot;
}

Status Checkpointer::Write(const Snapshot& snapshot) {
  RETURN_IF_ERROR(hooks_.before_write());
  storage::CheckpointWriteOptions options;
  options.may_commit = hooks_.may_commit;
  const auto written = storage::WriteCheckpoint(config_->run.directory, snapshot.manifest,
                                                snapshot.Groups(SlotNames()), options);
  RETURN_IF_ERROR(written.status());
  hooks_.committed(snapshot.manifest, Clock::Real().Now() - snapshot.began);
  return OkStatus();
}

Status Checkpointer::Finish() {
  if (written_ == nullptr) return OkStatus();
  RETURN_IF_ERROR(written_->Wait(Deadline::Never()));
  written_ = nullptr;
  const Status status = std::exchange(outcome_, nullptr)->status;
  if (status.ok()) {
    missed_ = 0;
    return OkStatus();
  }
  // Not the disk's fault: nothing that trying again could mend.
  if (status.code() == StatusCode::kSuperseded || status.code() == StatusCode::kDataLoss) {
    return status;
  }
  ++missed_;
  if (missed_ > config_->checkpoint.max_missed) {
    return status.WithContext(
        std::to_string(missed_) +
        " checkpoints in a row could not be written (checkpoint.max_missed = " +
        std::to_string(config_->checkpoint.max_missed) + "); the last");
  }
  LOG(kWarning) << "a checkpoint could not be written, training goes on; older ones are intact ("
                << missed_ << " missed in a row, " << config_->checkpoint.max_missed
                << " allowed): " << status.message();
  return OkStatus();
}

Status Checkpointer::Restore(const storage::CheckpointManifest& manifest,
                             const storage::Advance& advance, ModelState* state,
                             Consumption* consumption, RunTables* tables) {
  const std::string& run = config_->run.directory;
  const auto find_in = [](const storage::CheckpointTensors& tensors) {
    return [&tensors](std::string_view name) { return tensors.Find(name); };
  };
  ASSIGN_OR_RETURN(const auto model,
                   storage::CheckpointTensors::Read(run, manifest, kModelGroup, advance));
  RETURN_IF_ERROR(LoadModelTensors(*model_, find_in(model), state));
  const std::vector<std::string> names = SlotNames();
  RETURN_IF_ERROR(CheckSlots(manifest, names));
  for (size_t slot = 0; slot < names.size(); ++slot) {
    ASSIGN_OR_RETURN(const auto tensors,
                     storage::CheckpointTensors::Read(run, manifest, names[slot], advance));
    RETURN_IF_ERROR(
        LoadSlotTensors(*model_, find_in(tensors), slot, update_->OwnedBlocks(), state));
  }
  if (!writes()) return OkStatus();
  ASSIGN_OR_RETURN(const auto progress,
                   storage::CheckpointTensors::Read(run, manifest, kProgressGroup, advance));
  ASSIGN_OR_RETURN(const storage::TensorView words, progress.Find(kConsumed));
  if (words.type.dtype != DType::kInt64) {
    return DataLoss("the record of consumed samples is " + words.type.ToString());
  }
  const auto* first = static_cast<const int64_t*>(words.data);
  RETURN_IF_ERROR(
      consumption->Restore(std::vector<uint64_t>(first, first + words.type.shape.elements())));
  ASSIGN_OR_RETURN(*tables, ReadTables(storage::CheckpointPath(run, manifest.id), manifest));
  return OkStatus();
}

void RemoveOldCheckpoints(const TrainConfig& config, const storage::CheckpointManifest& newest) {
  storage::Retention retention{.keep_last = config.checkpoint.keep_last, .keep = {}};
  if (const auto best = BestSoFar::CheckpointIn(newest); config.checkpoint.keep_best && best) {
    retention.keep.push_back(*best);
  }
  const auto removed =
      storage::RemoveOldCheckpoints(config.run.directory, newest.id.branch, retention);
  if (!removed.ok()) {
    LOG(kWarning) << "old checkpoints were not removed: " << removed.status();
  }
}

}  // namespace lockstep::worker
