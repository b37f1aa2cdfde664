// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/ckpt_command.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/file.h"
#include "base/lookup_path.h"
#include "base/watch.h"
#include "cluster/cli/progress.h"
#include "cluster/cli/text_table.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/checkpoint_directory.h"
#include "storage/checkpoint/generation.h"
#include "worker/report/finished_run.h"
#include "worker/report/named_weights.h"

namespace lockstep::cluster {
namespace {

using storage::CheckpointFile;
using storage::CheckpointId;
using storage::CheckpointManifest;
using storage::CheckpointPath;
using storage::GenerationInfo;
using Json = nlohmann::ordered_json;

// Texts of a manifest are UTF-8, paths may be anything.
std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Status CheckRun(const std::string& run) {
  if (FileExists(run)) return OkStatus();
  return NotFound("there is no run directory " + LookupPathText(run) +
                  "; expected what `lockstep train --run` " + "was given");
}

int64_t BytesOf(const CheckpointManifest& manifest) {
  int64_t bytes = 0;
  for (const CheckpointFile& file : manifest.files) bytes += file.size;
  return bytes;
}

struct Listed {
  CheckpointId id;
  std::optional<CheckpointManifest> manifest;
  std::string state;    // "whole" as far as sizes and the manifest say, "damaged", "other version"
  std::string problem;  // what is wrong; empty if whole

  std::string Time() const {
    const auto time = manifest->environment.find("time");
    return time == manifest->environment.end() ? "-" : time->second;
  }
};

Result<std::vector<Listed>> ListAll(const std::string& run) {
  ASSIGN_OR_RETURN(const std::vector<CheckpointId> ids, storage::ListCheckpoints(run));
  std::vector<Listed> all;
  for (const CheckpointId id : ids) {
    auto manifest = storage::InspectCheckpointDirectory(CheckpointPath(run, id), id);
    // Removed since it was listed: a run that goes on does that.
    const StatusCode code = manifest.status().code();
    if (code == StatusCode::kNotFound) continue;
    if (manifest.ok()) {
      all.push_back({id, *std::move(manifest), "whole", ""});
    } else if (code == StatusCode::kDataLoss || code == StatusCode::kFailedPrecondition) {
      const bool damaged = code == StatusCode::kDataLoss;
      all.push_back(
          {id, std::nullopt, damaged ? "damaged" : "other version", manifest.status().message()});
    } else {
      return manifest.status();  // the disk's fault
    }
  }
  return all;
}

// What a run kept because its step came out with other bits.
std::vector<std::string> Conflicts(const std::string& run) {
  const std::string folder = storage::CheckpointsFolder(run);
  auto names = ListDir(folder);
  if (!names.ok()) return {};
  std::erase_if(
      *names, [](const std::string& name) { return !name.starts_with(storage::kConflictPrefix); });
  for (std::string& name : *names) name = folder + "/" + name;
  return *names;
}

// The checkpoint that RUN@best means: of the best evaluation's step that of the highest branch.
std::optional<CheckpointId> BestOf(const std::string& run, const std::vector<Listed>& checkpoints) {
  const Result<std::optional<int64_t>> step = worker::BestStep(run);
  if (!step.ok() || !*step) return std::nullopt;
  const auto best = std::find_if(checkpoints.rbegin(), checkpoints.rend(),
                                 [&](const Listed& c) { return c.id.step == **step; });
  return best == checkpoints.rend() ? std::nullopt : std::optional<CheckpointId>(best->id);
}

// The epoch that its last step belongs to, counted from 1.
int32_t EpochOf(const CheckpointManifest& manifest) {
  return manifest.epoch + (manifest.step_in_epoch > 0 ? 1 : 0);
}

Json LsJson(const std::string& run, const std::vector<Listed>& checkpoints,
            const std::vector<GenerationInfo>& generations) {
  Json json = {{"run", run},
               {"checkpoints", Json::array()},
               {"generations", Json::array()},
               {"conflicts", Conflicts(run)}};
  const std::optional<CheckpointId> best = BestOf(run, checkpoints);
  for (const Listed& c : checkpoints) {
    Json entry = {{"name", c.id.Name()},
                  {"branch", c.id.branch},
                  {"step", c.id.step},
                  {"state", c.state},
                  {"best", c.id == best}};
    if (!c.problem.empty()) entry["problem"] = c.problem;
    if (c.manifest) {
      entry.update(Json{{"epoch", c.manifest->epoch},
                        {"step_in_epoch", c.manifest->step_in_epoch},
                        {"digest", Hex64(c.manifest->digest)},
                        {"bytes", BytesOf(*c.manifest)},
                        {"generation", c.manifest->generation},
                        {"environment", c.manifest->environment}});
    }
    json["checkpoints"].push_back(std::move(entry));
  }
  for (const GenerationInfo& g : generations) {
    Json entry = {{"generation", g.number}, {"holder", storage::DescribeHolder(run, g)}};
    if (!g.host.empty()) {
      entry.update(Json{{"host", g.host},
                        {"pid", g.pid},
                        {"job", g.job},
                        {"time", g.time},
                        {"branch", g.branch},
                        {"parent", g.parent},
                        {"overwrite", g.overwrite}});
    }
    json["generations"].push_back(std::move(entry));
  }
  return json;
}

void PrintCheckpoints(const std::string& run, const std::vector<Listed>& checkpoints,
                      std::ostream& out) {
  if (checkpoints.empty()) {
    out << "no checkpoints in '" << run << "'\n";
    return;
  }
  std::vector<TextRow> rows = {
      {"checkpoint", "branch", "step", "epoch", "digest", "bytes", "time", "generation", "state"}};
  const std::optional<CheckpointId> best = BestOf(run, checkpoints);
  for (const Listed& c : checkpoints) {
    TextRow row = {c.id.Name(), std::to_string(c.id.branch), CountText(c.id.step)};
    if (c.manifest) {
      row.insert(row.end(), {std::to_string(EpochOf(*c.manifest)), Hex64(c.manifest->digest),
                             CountText(BytesOf(*c.manifest)), c.Time(),
                             std::to_string(c.manifest->generation)});
    } else {
      row.insert(row.end(), {"-", "-", "-", "-", "-"});
    }
    row.push_back(c.state + (c.id == best ? ", best" : ""));
    rows.push_back(std::move(row));
  }
  PrintTable(rows, out);
}

void PrintGenerations(const std::string& run, const std::vector<GenerationInfo>& generations,
                      std::ostream& out) {
  if (generations.empty()) return;
  std::vector<TextRow> rows = {
      {"generation", "branch", "goes on from", "host", "pid", "job", "time", "holder"}};
  const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  for (const GenerationInfo& g : generations) {
    if (g.host.empty()) {
      rows.push_back({std::to_string(g.number), "-", "-", "-", "-", "-", "-", "damaged file"});
      continue;
    }
    rows.push_back({std::to_string(g.number), std::to_string(g.branch),
                    g.parent.empty() ? "step 0" : g.parent, g.host, std::to_string(g.pid),
                    or_dash(g.job), or_dash(g.time), storage::DescribeHolder(run, g)});
  }
  out << "\n";
  PrintTable(rows, out);
}

}  // namespace

Status RunCkptLs(const CkptLsOptions& options, Console* console) {
  RETURN_IF_ERROR(CheckRun(options.run));
  ASSIGN_OR_RETURN(const std::vector<Listed> checkpoints, ListAll(options.run));
  std::vector<std::string> problems;
  ASSIGN_OR_RETURN(const std::vector<GenerationInfo> generations,
                   storage::ListGenerations(options.run, &problems));
  if (options.json) {
    console->out << Dump(LsJson(options.run, checkpoints, generations)) << "\n";
  } else {
    PrintCheckpoints(options.run, checkpoints, console->out);
    PrintGenerations(options.run, generations, console->out);
  }
  for (const Listed& c : checkpoints) {
    if (!c.problem.empty()) console->err << "lockstep: warning: " << c.problem << "\n";
  }
  for (const std::string& problem : problems) {
    console->err << "lockstep: warning: " << problem << "\n";
  }
  for (const std::string& path : Conflicts(options.run)) {
    console->err << "lockstep: warning: '" << path
                 << "' was kept because its step had come out with other bits\n";
  }
  return OkStatus();
}

namespace {

// What a finished run left, or the tables of one that goes on. Data-loss: something is not as it
// was written.
Status VerifyResults(const std::string& run, const std::optional<CheckpointManifest>& newest,
                     std::ostream& out) {
  const Result<worker::FinishedRun> finished = worker::VerifyFinishedRun(run);
  if (finished.ok()) {
    for (const worker::FileState& file : finished->files) out << file.name << "  whole\n";
    return OkStatus();
  }
  const StatusCode code = finished.status().code();
  if (code != StatusCode::kNotFound && code != StatusCode::kFailedPrecondition) {
    return finished.status();
  }
  if (!newest) return OkStatus();
  RETURN_IF_ERROR(worker::VerifyTables(run, newest->tables));
  for (const storage::TableState& table : newest->tables) {
    out << table.name << "  whole up to step " << CountText(newest->id.step) << "\n";
  }
  return OkStatus();
}

}  // namespace

Status RunCkptVerify(const CkptVerifyOptions& options, Console* console) {
  RETURN_IF_ERROR(CheckRun(options.run));
  ASSIGN_OR_RETURN(std::vector<CheckpointId> ids, storage::ListCheckpoints(options.run));
  if (!options.name.empty()) {
    const auto id = CheckpointId::Parse(options.name);
    if (!id) {
      return InvalidArgument(
          "'" + options.name + "' is no name of a checkpoint; expected one like " +
          CheckpointId{1, 1200}.Name() + " (`lockstep ckpt ls " + options.run + "` lists them)");
    }
    ids = {*id};
  }
  int64_t total = 0;
  for (const CheckpointId id : ids) {
    const auto manifest = storage::InspectCheckpointDirectory(CheckpointPath(options.run, id), id);
    if (manifest.ok()) total += BytesOf(*manifest);
  }
  Progress progress(console, "verify", "bytes");
  int64_t done = 0, whole = 0;
  Status foreign;  // of a version this program does not read
  std::string damages;
  std::optional<CheckpointManifest> newest;
  for (const CheckpointId id : ids) {
    const auto manifest =
        storage::VerifyCheckpointDirectory(CheckpointPath(options.run, id), id, [&](int64_t bytes) {
          progress.Update(done += bytes, total);
          return CheckStop(console->stop);
        });
    if (manifest.ok()) {
      ++whole;
      newest = *manifest;  // they come in increasing order
      console->out << id.Name() << "  whole, digest " << Hex64(manifest->digest) << "\n";
    } else if (manifest.status().code() == StatusCode::kDataLoss) {
      damages += "\n" + manifest.status().message();
      console->out << id.Name() << "  damaged\n";
    } else if (manifest.status().code() == StatusCode::kFailedPrecondition) {
      foreign = manifest.status();
      console->out << id.Name() << "  of another version\n";
    } else if (manifest.status().code() == StatusCode::kCancelled) {
      return Cancelled("stopped on request; " + std::to_string(whole) + " of " +
                       std::to_string(ids.size()) + " checkpoints were read and are whole");
    } else if (manifest.status().code() != StatusCode::kNotFound || !options.name.empty()) {
      return manifest.status();  // the disk's fault; one removed meanwhile is nobody's
    }
  }
  if (!damages.empty()) {
    return DataLoss("run '" + options.run + "' has damaged checkpoints:" + damages +
                    "\nA resume passes over them. Restore them from a copy, or remove them");
  }
  if (options.name.empty()) {
    const Status results = VerifyResults(options.run, newest, console->out);
    if (results.code() == StatusCode::kDataLoss) {
      return DataLoss(results.message() +
                      "; the run's `lockstep train` command makes it again from the newest "
                      "checkpoint");
    }
    RETURN_IF_ERROR(results);
  }
  RETURN_IF_ERROR(foreign);
  progress.Finish(CountText(whole) + " checkpoints, " + CountText(done) + " bytes");
  return OkStatus();
}

namespace {

Command CkptLsCommand() {
  const auto o = std::make_shared<CkptLsOptions>();
  return {.name = "ls",
          .description = R"(List the checkpoints and generations of a run.

Examples:
  lockstep ckpt ls runs/lenet5-fashion-mnist
  lockstep ckpt ls runs/lenet5-fashion-mnist --json
)",
          .options = {{"RUN", &o->run, "Run directory", {.required = true}},
                      {"--json", &o->json, "As JSON"}},
          .run = [o](Console* console) { return RunCkptLs(*o, console); }};
}

Command CkptVerifyCommand() {
  const auto o = std::make_shared<CkptVerifyOptions>();
  return {.name = "verify",
          .description = R"(Read every byte of checkpoints and name what is damaged.

Examples:
  lockstep ckpt verify runs/lenet5-fashion-mnist
  lockstep ckpt verify runs/lenet5-fashion-mnist b01-s0000001200
)",
          .options = {{"RUN", &o->run, "Run directory", {.required = true}},
                      {"NAME", &o->name, "One checkpoint; default: all"}},
          .run = [o](Console* console) { return RunCkptVerify(*o, console); },
          .at_stop = "ending"};
}

}  // namespace

Command CkptCommand() {
  return {
      .name = "ckpt",
      .description = R"(List, verify and compare the checkpoints of a run, or go back to one.

Examples:
  lockstep ckpt ls runs/lenet5-fashion-mnist
  lockstep ckpt verify runs/lenet5-fashion-mnist
)",
      .commands = {CkptLsCommand(), CkptVerifyCommand(), CkptRewindCommand(), CkptDiffCommand()}};
}

}  // namespace lockstep::cluster
