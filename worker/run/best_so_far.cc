// SPDX-License-Identifier: Apache-2.0
#include "worker/run/best_so_far.h"

#include <vector>

#include "storage/checkpoint/checkpoint_directory.h"
#include "worker/report/best_evaluation.h"
#include "worker/report/checkpoint_tables.h"

namespace lockstep::worker {
namespace {

// Entries of the trainer state: the value of the best evaluation, by this and the metric's name,
// and its epoch, from 0.
constexpr char kBestEntries[] = "best.";
constexpr char kBestEpoch[] = "best_epoch";
// The name of the best checkpoint among the values of a checkpoint.
constexpr char kBestCheckpoint[] = "best_checkpoint";

}  // namespace

// An entry is of one metric: where another metric compares, it is another entry.
std::string BestSoFar::Entry() const { return kBestEntries + metric_.name; }

// Values are compared as results.csv has them, so that RUN@best, which reads that, means the same
// evaluation.
void BestSoFar::Note(const EpochReport& report, const std::string& checkpoint,
                     TrainerState* state) {
  const double value = AsWritten(report.validation.ValueOf(metric_.name));
  if (!IsBetter(metric_, value, state->Entry(Entry()))) return;
  state->entries[Entry()] = value;
  state->entries[kBestEpoch] = report.epoch;
  checkpoint_ = checkpoint;
}

void BestSoFar::AddTo(std::map<std::string, std::string>* values) const {
  (*values)[kBestByValue] = metric_.name;
  if (!checkpoint_.empty()) (*values)[kBestCheckpoint] = checkpoint_;
}

std::optional<storage::CheckpointId> BestSoFar::CheckpointIn(
    const storage::CheckpointManifest& manifest) {
  const auto best = manifest.values.find(kBestCheckpoint);
  if (best == manifest.values.end()) return std::nullopt;
  return storage::CheckpointId::Parse(best->second);
}

Status BestSoFar::Restore(const TrainConfig& config, int64_t steps_per_epoch,
                          const storage::CheckpointManifest& manifest, TrainerState* state) {
  if (const auto best = manifest.values.find(kBestCheckpoint); best != manifest.values.end()) {
    checkpoint_ = best->second;
  }
  if (state->entries.contains(Entry()) || !state->entries.contains(kBestEpoch)) return OkStatus();
  return FindInTable(config, steps_per_epoch, manifest, state);
}

Status BestSoFar::FindInTable(const TrainConfig& config, int64_t steps_per_epoch,
                              const storage::CheckpointManifest& manifest, TrainerState* state) {
  const std::string& run = config.run.directory;
  ASSIGN_OR_RETURN(const RunTables tables,
                   ReadTables(storage::CheckpointPath(run, manifest.id), manifest));
  ASSIGN_OR_RETURN(
      const std::optional<BestEvaluation> best,
      FindBestEvaluation(tables.results, metric_, {config.eval.every_epochs, steps_per_epoch}));
  std::erase_if(state->entries, [](const auto& entry) {
    return entry.first.starts_with(kBestEntries) || entry.first == kBestEpoch;
  });
  checkpoint_.clear();
  if (!best) return OkStatus();
  state->entries[Entry()] = best->value;
  state->entries[kBestEpoch] = best->epoch;
  ASSIGN_OR_RETURN(const std::vector<storage::CheckpointId> ids, storage::ListCheckpoints(run));
  for (const storage::CheckpointId& id : ids) {  // of equal steps the highest branch's, the last
    if (id.step == best->step) checkpoint_ = id.Name();
  }
  return OkStatus();
}

}  // namespace lockstep::worker
