// SPDX-License-Identifier: Apache-2.0
#include "worker/report/finished_run.h"

#include <cmath>
#include <string_view>

#include "base/file.h"
#include "storage/env/files.h"
#include "storage/json/hashed_json.h"
#include "worker/model/run_kernels.h"
#include "worker/report/run_tables.h"

namespace lockstep::worker {
namespace {

using nlohmann::json;

// Version 2 had one metric, as a number of its own; what is read here stands in both alike.
constexpr storage::HashedFormat kFormat = {"lockstep-summary", 3,
                                           "Use the program that wrote it, or train anew",
                                           /*oldest=*/2};
// In bytewise order.
constexpr const char* kResultFiles[] = {kDigestsFile,  kKernelFileCopy, kWeightsFile,
                                        kAveragesFile, "recipe.toml",   kResultsFile};

bool MayBeMissing(std::string_view name) {
  return name == kKernelFileCopy || name == kAveragesFile;
}

// JSON has no NaN: a number that is none is null.
json NumberOrNull(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

// JSON holds UTF-8 alone; messages hold paths, which may be anything.
json AsUtf8(const std::string& text) {
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace));
}

struct Summary {
  std::string status;
  FinishedRun run;
};

Result<Summary> ParseSummary(const std::string& text) {
  if (const json old = json::parse(text, nullptr, /*allow_exceptions=*/false);
      old.is_object() && !old.contains("format") && !old.contains("hash")) {
    return FailedPrecondition(std::string("it was written by an earlier version. ") +
                              kFormat.remedy);
  }
  ASSIGN_OR_RETURN(const json parsed, storage::ParseHashed(text));
  Status problem;
  const storage::JsonObject j(parsed, &problem);
  const Status fits = storage::CheckFormat(j, kFormat);
  RETURN_IF_ERROR(problem);
  RETURN_IF_ERROR(fits);
  Summary summary{j.Text("status"), {}};
  summary.run.digest = j.Hex64("digest");
  summary.run.step = j.Integer("step");
  for (const storage::JsonObject& file : j.Objects("files")) {
    summary.run.files.push_back({file.Text("name"), file.Integer("size"), file.Hex128("xxh3_128")});
  }
  RETURN_IF_ERROR(problem);
  return summary;
}

Status CheckFile(const std::string& run_directory, const FileState& expected,
                 const storage::Advance& advance) {
  const std::string path = run_directory + "/" + expected.name;
  const auto found = storage::HashFile(path, advance);
  if (found.status().code() == StatusCode::kNotFound) {
    return DataLoss("'" + path + "' of the finished run is missing");
  }
  RETURN_IF_ERROR(found.status());
  if (found->size == expected.size && found->hash == expected.hash) return OkStatus();
  return DataLoss("'" + path + "' is not as the finished run wrote it: it has " +
                  std::to_string(found->size) + " bytes with XXH3-128 " + found->hash.ToHex() +
                  ", expected " + std::to_string(expected.size) + " bytes with " +
                  expected.hash.ToHex());
}

// A finished run names exactly what it leaves; nothing that leads out of its directory is opened.
bool NamesTheResults(const std::vector<FileState>& files) {
  auto file = files.begin();
  for (const std::string_view name : kResultFiles) {
    const bool named = file != files.end() && file->name == name;
    if (named) ++file;
    if (!named && !MayBeMissing(name)) return false;
  }
  return file == files.end();
}

}  // namespace

std::string SummaryJson(const TrainSummary& s, const std::vector<FileState>& files) {
  json named = json::array();
  for (const FileState& file : files) {
    named.push_back({{"name", file.name}, {"size", file.size}, {"xxh3_128", file.hash.ToHex()}});
  }
  json metrics = json::object();
  for (const Metric& metric : s.metrics) metrics[metric.name] = NumberOrNull(metric.value);
  json j = {
      {"format", kFormat.name},
      {"version", kFormat.version},
      {"status", s.status},
      {"epoch", s.epoch},
      {"step", s.step},
      {"digest", Hex64(s.digest)},
      {"train_loss", NumberOrNull(s.train_loss)},
      {"val_loss", NumberOrNull(s.val_loss)},
      {"metrics", std::move(metrics)},
      {"images_per_second", NumberOrNull(s.images_per_second)},
      {"seconds", NumberOrNull(s.seconds)},
      {"world_size", s.world_size},
      {"lanes", s.lanes},
      {"lane_batch", s.lane_batch},
      {"peak_memory_bytes", s.peak_memory_bytes},
      {"samples_consumed", s.samples_consumed},
      {"exactly_once", s.exactly_once},
      {"skipped_steps", s.skipped_steps},
      {"step_ms", NumberOrNull(s.step_ms)},
      {"exchange_ms", NumberOrNull(s.exchange_ms)},
      {"exchange_share", NumberOrNull(s.exchange_share)},
      {"branch", s.branch},
      {"generation", s.generation},
      {"resumed_from_step", s.resumed_from_step},
      {"sync", s.sync},
      {"files", std::move(named)},
  };
  if (!s.error.empty()) j["error"] = AsUtf8(s.error);
  return storage::HashedText(std::move(j));
}

Result<std::vector<FileState>> StatesOfResults(const std::string& run_directory) {
  std::vector<FileState> files;
  for (const std::string name : kResultFiles) {
    if (MayBeMissing(name) && !FileExists(run_directory + "/" + name)) continue;
    ASSIGN_OR_RETURN(const storage::FileHash file, storage::HashFile(run_directory + "/" + name));
    files.push_back({name, file.size, file.hash});
  }
  return files;
}

Result<FinishedRun> VerifyFinishedRun(const std::string& run_directory,
                                      const storage::Advance& advance) {
  const std::string path = run_directory + "/" + kSummaryFile;
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const Result<Summary> summary = ParseSummary(text);
  if (!summary.ok()) {
    const bool damaged = summary.status().code() == StatusCode::kDataLoss;
    return summary.status().WithContext("'" + path + (damaged ? "' is damaged" : "'"));
  }
  if (summary->status != "finished") {
    return FailedPrecondition("run '" + run_directory + "' is not finished: '" + path +
                              "' says that it " +
                              (summary->status == "stopped" ? "was stopped" : "has failed"));
  }
  if (!NamesTheResults(summary->run.files)) {
    return DataLoss("'" + path + "' is damaged: it does not name what a finished run leaves");
  }
  for (const FileState& file : summary->run.files) {
    RETURN_IF_ERROR(CheckFile(run_directory, file, advance));
  }
  return summary->run;
}

Status VerifyTables(const std::string& run_directory,
                    const std::vector<storage::TableState>& expected) {
  for (const storage::TableState& table : expected) {
    const std::string path = run_directory + "/" + storage::BaseNameOf(table.name);
    const Result<std::string> text = ReadFile(path);
    if (text.status().code() == StatusCode::kNotFound) return DataLoss(text.status().message());
    RETURN_IF_ERROR(text.status());
    const auto found = StateOfTable(table.name, FirstRows(*text, table.rows));
    if (found == table) continue;
    return DataLoss("'" + path + "' does not begin with the " + std::to_string(table.rows) +
                    " rows that the run had written when it took its newest checkpoint: " +
                    (found.rows < table.rows ? "it has " + std::to_string(found.rows)
                                             : std::string("some of them were changed")));
  }
  return OkStatus();
}

}  // namespace lockstep::worker
