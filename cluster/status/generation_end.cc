// SPDX-License-Identifier: Apache-2.0
#include "cluster/status/generation_end.h"

#include <ctime>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/format.h"
#include "storage/json/hashed_json.h"
#include "worker/report/finished_run.h"

namespace lockstep::cluster {
namespace {

// Of a run on another machine: its coordinator writes every two seconds.
constexpr double kSilentSeconds = 30;

// Seconds since a text of UtcTimeText; none where it is no such text.
std::optional<double> SecondsSince(const std::string& time) {
  std::tm fields{};
  const char* const end = ::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%SZ", &fields);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return std::difftime(std::time(nullptr), ::timegm(&fields));
}

// Seconds since the coordinator of a generation has told where it is: by what it says, else by the
// file's own time.
std::optional<double> SilentFor(const std::string& run, const GenerationLine& line) {
  if (!line.status) return std::nullopt;
  if (const std::optional<double> said = SecondsSince(line.status->time)) return said;
  const Result<double> age = storage::GenerationStatusAge(run, line.info.number);
  return age.ok() ? std::optional<double>(*age) : std::nullopt;
}

// Whether a process of another machine, of which only its files are known, runs.
std::string EndElsewhere(const std::optional<double>& silent) {
  if (silent && *silent < kSilentSeconds) return "running";
  std::string end = "held by a process of another machine";
  if (silent) end += Format(", silent for %.0f s", *silent);
  return end;
}

}  // namespace

std::optional<RunSummary> ReadRunSummary(const std::string& run) {
  const Result<std::string> text = ReadFile(run + "/" + worker::kSummaryFile);
  if (!text.ok()) return std::nullopt;
  const Result<nlohmann::json> json = storage::ParseHashed(*text);
  if (!json.ok()) return std::nullopt;
  Status problem;
  const storage::JsonObject j(*json, &problem);
  RunSummary summary;
  summary.status = j.Text("status");
  summary.step = j.Integer("step");
  summary.generation = j.Integer("generation");
  if (!problem.ok()) return std::nullopt;
  return summary;
}

std::string EndOfGeneration(const std::string& run, const GenerationLine& line, bool newest,
                            const std::optional<RunSummary>& summary) {
  if (line.status && !line.status->end.empty()) {
    if (line.status->end == "ok") return "finished";
    const bool on_request = line.status->end == StatusCodeName(StatusCode::kCancelled);
    return on_request ? line.status->reason : line.status->end + ": " + line.status->reason;
  }
  if (newest && line.holder == "running") return "running";
  if (newest && line.holder == "not known") return EndElsewhere(SilentFor(run, line));
  if (line.holder == "ended") {
    if (summary && summary->generation == line.info.number) return summary->status;
    return "ended in order";
  }
  return kEndedWithoutAWord;
}

}  // namespace lockstep::cluster
