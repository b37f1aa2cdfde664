// SPDX-License-Identifier: Apache-2.0
#include "worker/report/named_weights.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/file.h"
#include "base/log.h"
#include "base/lookup_path.h"
#include "storage/checkpoint/checkpoint_directory.h"
#include "storage/env/files.h"
#include "worker/report/finished_run.h"

namespace lockstep::worker {
namespace {

using storage::CheckpointId;
using storage::CheckpointManifest;
using storage::CheckpointPath;

constexpr size_t kMostNamed = 8;  // checkpoints that a message names
constexpr char kForms[] =
    "; weights are RUN, RUN@best, RUN@STEP, RUN@CHECKPOINT or the path of a safetensors file or "
    "checkpoint";

bool IsRun(const std::string& path) {
  return FileExists(path + "/recipe.toml") || FileExists(path + "/generations");
}

std::string ListRemedy(const std::string& run) {
  return "; `lockstep ckpt ls " + run + "` lists what there is";
}

// The checkpoints that are there, newest last.
std::string NamesOf(const std::vector<CheckpointId>& ids) {
  if (ids.empty()) return "none";
  std::string text = ids.size() > kMostNamed ? "... " : "";
  for (size_t i = ids.size() - std::min(ids.size(), kMostNamed); i < ids.size(); ++i) {
    text += ids[i].Name() + (i + 1 < ids.size() ? ", " : "");
  }
  return text;
}

// What a finished run left is used only as it was written. A run whose summary another version
// wrote cannot be checked: that is said, and the weights are taken.
Status CheckFinishedRun(const std::string& run) {
  const Status whole = VerifyFinishedRun(run).status();
  if (whole.ok()) return whole;
  if (whole.code() == StatusCode::kFailedPrecondition) {
    LOG(kWarning) << whole.message() << "; its weights are used unchecked";
    return OkStatus();
  }
  return Status(whole.code(), whole.message() +
                                  "; the run's `lockstep train` command makes what it left again "
                                  "from its last checkpoint");
}

NamedWeights Checkpoint(const std::string& run, CheckpointId id) {
  return {CheckpointPath(run, id), /*is_checkpoint=*/true, run};
}

// The highest branch's of that step.
Result<NamedWeights> CheckpointOfStep(const std::string& run, int64_t step,
                                      const std::string& what) {
  ASSIGN_OR_RETURN(const std::vector<CheckpointId> ids, storage::ListCheckpoints(run));
  const auto found = std::find_if(ids.rbegin(), ids.rend(),
                                  [&](const CheckpointId& id) { return id.step == step; });
  if (found != ids.rend()) return Checkpoint(run, *found);
  return NotFound("run '" + run + "' has no checkpoint of step " + std::to_string(step) + what +
                  "; it has " + NamesOf(ids));
}

Result<NamedWeights> BestCheckpoint(const std::string& run) {
  ASSIGN_OR_RETURN(const std::optional<int64_t> step, BestStep(run));
  if (!step) {
    return NotFound("run '" + run +
                    "' has no scheduled evaluation yet (eval.every_epochs), so none is the best" +
                    ListRemedy(run));
  }
  return CheckpointOfStep(run, *step,
                          ", where its best evaluation was (checkpoint.keep_best keeps it)");
}

std::optional<int64_t> WholeNumber(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

Result<NamedWeights> OfRun(const std::string& run, const std::string& which) {
  if (!IsRun(run)) {
    return NotFound("there is no run " + LookupPathText(run) +
                    (storage::PathExists(run) ? ": it has no recipe.toml" : "") + kForms);
  }
  if (which == "best") return BestCheckpoint(run);
  if (const auto id = CheckpointId::Parse(which)) {
    if (storage::IsDirectory(CheckpointPath(run, *id))) return Checkpoint(run, *id);
    ASSIGN_OR_RETURN(const std::vector<CheckpointId> ids, storage::ListCheckpoints(run));
    return NotFound("run '" + run + "' has no checkpoint " + which + "; it has " + NamesOf(ids));
  }
  if (const auto step = WholeNumber(which)) return CheckpointOfStep(run, *step, "");
  return InvalidArgument("'" + which + "' names no checkpoint of run '" + run +
                         "'; expected best, a step like 1200 or a name like " +
                         CheckpointId{1, 1200}.Name());
}

Result<NamedWeights> OfPath(const std::string& path) {
  if (!storage::IsDirectory(path)) {
    const std::string folder = storage::ParentOf(path);
    const bool of_run = IsRun(folder);
    if (of_run && storage::BaseNameOf(path) == kWeightsFile) {
      RETURN_IF_ERROR(CheckFinishedRun(folder));
    }
    return NamedWeights{path, /*is_checkpoint=*/false, of_run ? folder : ""};
  }
  if (FileExists(path + "/" + storage::kCheckpointManifestName)) {
    const std::string run = storage::ParentOf(storage::ParentOf(path));
    return NamedWeights{path, /*is_checkpoint=*/true, IsRun(run) ? run : ""};
  }
  const std::string weights = path + "/model.safetensors";
  if (FileExists(weights)) {
    RETURN_IF_ERROR(CheckFinishedRun(path));
    return NamedWeights{weights, /*is_checkpoint=*/false, path};
  }
  if (!IsRun(path)) {
    return NotFound("'" + path + "' is neither a run nor a checkpoint: it has no recipe.toml and " +
                    "no manifest.json" + kForms);
  }
  ASSIGN_OR_RETURN(const std::vector<CheckpointId> ids, storage::ListCheckpoints(path));
  return NotFound(
      "'" + path + "' has no model.safetensors: " +
      (FileExists(path + "/summary.json")
           ? "the run was stopped or has failed (its summary.json says why)"
           : "the run still runs, or was stopped") +
      "; the same `lockstep train` command goes on with it" +
      (ids.empty() ? "" : ", and " + path + "@STEP names a checkpoint: it has " + NamesOf(ids)));
}

// That the tables are those of the finished run, or of the newest checkpoint of one that goes on.
Status CheckTables(const std::string& run) {
  const Result<FinishedRun> finished = VerifyFinishedRun(run);
  if (finished.ok() || finished.status().code() == StatusCode::kDataLoss) return finished.status();
  ASSIGN_OR_RETURN(const std::vector<CheckpointId> ids, storage::ListCheckpoints(run));
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    const auto manifest = storage::InspectCheckpointDirectory(CheckpointPath(run, *id), *id);
    if (manifest.ok()) return VerifyTables(run, manifest->tables);
  }
  return OkStatus();
}

// One row of results.csv (docs/formats.md); of a row without an evaluation acc1 is absent.
struct Row {
  int64_t epoch = 0, step = 0;
  std::optional<double> acc1;
};

std::optional<Row> ParseRow(std::string_view line) {
  std::vector<std::string> cells;
  while (cells.size() < 5) {
    const size_t end = std::min(line.find(','), line.size());
    cells.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  const auto epoch = WholeNumber(cells[0]), step = WholeNumber(cells[1]);
  if (!epoch || !step) return std::nullopt;
  Row row{*epoch, *step, std::nullopt};
  double acc1 = 0;
  const char* const end = cells[4].data() + cells[4].size();
  const auto [stop, error] = std::from_chars(cells[4].data(), end, acc1);
  if (error == std::errc() && stop == end && !cells[4].empty()) row.acc1 = acc1;
  return row;
}

// When evaluations are due, from any checkpoint of the run.
struct Schedule {
  int64_t every_epochs = 1;
  int64_t steps_per_epoch = 0;  // 0: not known

  bool Has(const Row& row) const {
    return steps_per_epoch > 0 && row.step == (row.epoch + 1) * steps_per_epoch &&
           (row.epoch + 1) % every_epochs == 0;
  }
};

int64_t EveryEpochsOf(const CheckpointManifest& manifest) {
  constexpr std::string_view kKey = "eval.every_epochs=";
  for (const std::string* lines : {&manifest.fixed_keys, &manifest.branch_keys}) {
    for (std::string_view rest = *lines; !rest.empty();) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      if (line.starts_with(kKey)) return WholeNumber(line.substr(kKey.size())).value_or(1);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return 1;  // keys at their defaults are not listed
}

Result<Schedule> ScheduleOf(const std::string& run) {
  ASSIGN_OR_RETURN(const std::vector<CheckpointId> ids, storage::ListCheckpoints(run));
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    const auto manifest = storage::InspectCheckpointDirectory(CheckpointPath(run, *id), *id);
    if (!manifest.ok() || manifest->epoch == 0) continue;
    return Schedule{std::max<int64_t>(EveryEpochsOf(*manifest), 1),
                    (id->step - manifest->step_in_epoch) / manifest->epoch};
  }
  return Schedule();  // within the first epoch no evaluation was due
}

}  // namespace

Result<NamedWeights> FindWeights(const std::string& name) {
  const std::string path = storage::WithoutTrailingSlash(name);
  if (storage::PathExists(path)) return OfPath(path);
  const size_t at = path.rfind('@');
  if (at != std::string::npos && at > 0) return OfRun(path.substr(0, at), path.substr(at + 1));
  return NotFound("there is neither a run nor a file " + LookupPathText(path) + kForms);
}

Result<std::optional<int64_t>> BestStep(const std::string& run_directory) {
  const Result<std::string> text = ReadFile(run_directory + "/results.csv");
  if (text.status().code() == StatusCode::kNotFound) return std::optional<int64_t>();
  RETURN_IF_ERROR(text.status());
  RETURN_IF_ERROR(CheckTables(run_directory));
  ASSIGN_OR_RETURN(const Schedule schedule, ScheduleOf(run_directory));
  std::optional<Row> best;
  for (size_t at = 0, end = text->find('\n'); end != std::string::npos;
       at = end + 1, end = text->find('\n', at)) {
    const std::optional<Row> row = ParseRow(std::string_view(*text).substr(at, end - at));
    if (!row || !row->acc1 || !schedule.Has(*row)) continue;
    if (!best || *row->acc1 > *best->acc1) best = row;
  }
  return best ? std::optional<int64_t>(best->step) : std::nullopt;
}

}  // namespace lockstep::worker
