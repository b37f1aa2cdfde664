// SPDX-License-Identifier: Apache-2.0
#include "cluster/slurm/last_stop.h"

#include "base/file.h"
#include "storage/env/files.h"
#include "storage/json/hashed_json.h"

namespace lockstep::cluster {
namespace {

constexpr storage::HashedFormat kFormat = {"lockstep-slurm", 1,
                                           "Remove it: the next start writes another"};
constexpr int64_t kMostBytes = 64 << 10;

Result<LastStop> FromJson(const storage::JsonObject& j) {
  LastStop stop;
  stop.job = j.Text("job");
  stop.restarts = j.Integer("restarts");
  stop.branch = j.Integer("branch");
  stop.step = j.Integer("step");
  stop.requeue = j.Bool("requeue");
  stop.stop_seconds = static_cast<double>(j.Integer("stop_milliseconds")) / 1000;
  return stop;
}

}  // namespace

std::string EncodeLastStop(const LastStop& stop) {
  return storage::HashedText(
      {{"format", kFormat.name},
       {"version", kFormat.version},
       {"job", stop.job},
       {"restarts", stop.restarts},
       {"branch", stop.branch},
       {"step", stop.step},
       {"requeue", stop.requeue},
       {"stop_milliseconds", static_cast<int64_t>(stop.stop_seconds * 1000 + 0.5)}});
}

Result<LastStop> DecodeLastStop(const std::string& text) {
  return storage::DecodeHashed<LastStop>(text, kFormat, FromJson, EncodeLastStop);
}

Result<std::optional<LastStop>> ReadLastStop(const std::string& run_directory) {
  const std::string path = run_directory + "/" + kLastStopFile;
  const Result<std::string> text = storage::ReadRegularFile(path, kMostBytes);
  if (text.status().code() == StatusCode::kNotFound) return std::optional<LastStop>();
  RETURN_IF_ERROR(text.status());
  const Result<LastStop> stop = DecodeLastStop(*text);
  if (!stop.ok()) return stop.status().WithContext("'" + path + "'");
  return std::optional<LastStop>(*stop);
}

Status WriteLastStop(const std::string& run_directory, const LastStop& stop) {
  return WriteFileAtomic(run_directory + "/" + kLastStopFile, EncodeLastStop(stop));
}

Status ShouldRequeue(const SlurmJob& job, const StartInJob& start,
                     const std::optional<LastStop>& last) {
  if (start.end_wanted) {
    return Cancelled(
        "it was ended by TERM, INT or HUP, which SLURM sends where a job is cancelled,"
        " preempted or out of time");
  }
  if (start.checkpoint <= start.began_at) {
    return FailedPrecondition("this start has written no checkpoint beyond step " +
                              std::to_string(start.began_at) +
                              ", where it began: another like it would come no further; give it "
                              "more time");
  }
  if (!last || !last->requeue) return OkStatus();
  if (last->job == job.id && last->restarts == job.restarts) {
    return FailedPrecondition("this start of the job was queued again already");
  }
  if (last->branch == start.branch && start.checkpoint <= last->step) {
    return FailedPrecondition("the job was queued again at step " + std::to_string(last->step) +
                              " before, and the run is at step " +
                              std::to_string(start.checkpoint) + " now: it does not advance");
  }
  return OkStatus();
}

}  // namespace lockstep::cluster
