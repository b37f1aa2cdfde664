// SPDX-License-Identifier: Apache-2.0
#include "worker/report/named_weights.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/file.h"
#include "base/log.h"
#include "base/lookup_path.h"
#include "graph/program/program.h"
#include "graph/tasks/registry.h"
#include "storage/checkpoint/checkpoint_directory.h"
#include "storage/env/files.h"
#include "worker/config/train_config.h"
#include "worker/report/best_evaluation.h"
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
    const std::string file = storage::BaseNameOf(path);
    if (of_run && (file == kWeightsFile || file == kAveragesFile)) {
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

std::optional<std::string> KeyOf(const CheckpointManifest& manifest, std::string_view key) {
  for (const std::string* lines : {&manifest.fixed_keys, &manifest.branch_keys}) {
    for (std::string_view rest = *lines; !rest.empty();) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      if (line.starts_with(key) && line.substr(key.size()).starts_with('=')) {
        return std::string(line.substr(key.size() + 1));
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return std::nullopt;  // keys at their defaults are not listed
}

int64_t EveryEpochsOf(const CheckpointManifest& manifest) {
  return WholeNumber(KeyOf(manifest, "eval.every_epochs").value_or("1")).value_or(1);
}

// A name in a line of keys stands in quotes.
std::string TaskOf(const CheckpointManifest& manifest) {
  std::string task = KeyOf(manifest, "task").value_or(TrainConfig().task);
  std::erase(task, '"');
  return task;
}

// How a run compares evaluations, and when those that count are due, from its newest checkpoint.
struct Comparison {
  std::string task = TrainConfig().task;
  std::string by;  // the metric; empty: that of the task
  EvaluationSchedule schedule;
};

Result<Comparison> ComparisonOf(const std::string& run) {
  ASSIGN_OR_RETURN(const std::vector<CheckpointId> ids, storage::ListCheckpoints(run));
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    const auto manifest = storage::InspectCheckpointDirectory(CheckpointPath(run, *id), *id);
    if (!manifest.ok() || manifest->epoch == 0) continue;
    const auto by = manifest->values.find(kBestByValue);
    return Comparison{TaskOf(*manifest),
                      by == manifest->values.end() ? "" : by->second,
                      {std::max<int64_t>(EveryEpochsOf(*manifest), 1),
                       (id->step - manifest->step_in_epoch) / manifest->epoch}};
  }
  return Comparison();  // within the first epoch no evaluation was due
}

}  // namespace

Result<NamedWeights> FindWeights(const std::string& name) {
  const std::string path = storage::WithoutTrailingSlash(name);
  if (storage::PathExists(path)) return OfPath(path);
  const size_t at = path.rfind('@');
  if (at != std::string::npos && at > 0) return OfRun(path.substr(0, at), path.substr(at + 1));
  return NotFound("there is neither a run nor a file " + LookupPathText(path) + kForms);
}

Result<NamedWeights> AveragesOf(NamedWeights weights) {
  const auto no_averages = [&](const std::string& place) {
    return NotFound("'" + place +
                    "' holds no moving average of the weights: the run was made without "
                    "train.ema_decay; evaluate with eval.weights=trained");
  };
  if (weights.is_checkpoint) {
    ASSIGN_OR_RETURN(const CheckpointManifest manifest,
                     storage::InspectCheckpointDirectory(weights.path, std::nullopt));
    const bool has = std::any_of(manifest.files.begin(), manifest.files.end(),
                                 [](const storage::CheckpointFile& file) {
                                   return file.name.starts_with(std::string(graph::kEmaSlot) + "-");
                                 });
    if (!has) return no_averages(weights.path);
    weights.averages = true;
  } else if (!weights.run_directory.empty() && storage::BaseNameOf(weights.path) == kWeightsFile) {
    weights.path = weights.run_directory + "/" + kAveragesFile;
    if (!FileExists(weights.path)) return no_averages(weights.run_directory);
  }
  return weights;
}

Result<std::optional<int64_t>> BestStep(const std::string& run_directory) {
  const Result<std::string> text = ReadFile(run_directory + "/results.csv");
  if (text.status().code() == StatusCode::kNotFound) return std::optional<int64_t>();
  RETURN_IF_ERROR(text.status());
  RETURN_IF_ERROR(CheckTables(run_directory));
  ASSIGN_OR_RETURN(const Comparison comparison, ComparisonOf(run_directory));
  ASSIGN_OR_RETURN(const graph::Task* task, graph::FindTask(comparison.task));
  ASSIGN_OR_RETURN(const Metric metric, graph::MetricForBest(*task, comparison.by));
  ASSIGN_OR_RETURN(const auto best, FindBestEvaluation(*text, metric, comparison.schedule));
  return best ? std::optional<int64_t>(best->step) : std::nullopt;
}

}  // namespace lockstep::worker
