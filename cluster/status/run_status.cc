// SPDX-License-Identifier: Apache-2.0
#include "cluster/status/run_status.h"

#include <sys/statvfs.h>

#include <algorithm>

#include "base/file.h"
#include "base/format.h"
#include "base/lookup_path.h"
#include "cluster/console/console.h"
#include "cluster/recipes/recipe.h"
#include "cluster/status/generation_end.h"
#include "storage/checkpoint/checkpoint_directory.h"
#include "worker/report/finished_run.h"
#include "worker/report/named_weights.h"

namespace lockstep::cluster {
namespace {

using storage::CheckpointManifest;
using storage::GenerationStatus;

constexpr int64_t kTableRowBytes = 64;  // of digests.csv, about
constexpr int64_t kEnoughMs = 1000;     // of steps, for a rate

class Reader {
 public:
  Reader(const std::string& run, bool verify) : verify_(verify) { status_.run = run; }

  Result<RunStatus> Read() {
    const std::string& run = status_.run;
    if (!FileExists(run)) {
      return NotFound("there is no run directory " + LookupPathText(run) +
                      "; expected what `lockstep train --run` was given");
    }
    if (!FileExists(run + "/recipe.toml") && !FileExists(run + "/generations")) {
      return NotFound("'" + run +
                      "' is not the directory of a run: it has neither recipe.toml nor "
                      "generations; expected what `lockstep train --run` was given");
    }
    summary_ = ReadRunSummary(run);
    ReadRecipe();
    RETURN_IF_ERROR(ReadGenerations());
    RETURN_IF_ERROR(ReadCheckpoints());
    SetPosition();
    SetState();
    SetRates();
    SetDisk();
    return std::move(status_);
  }

 private:
  void Warn(const Status& status) { status_.warnings.push_back(status.message()); }

  const GenerationLine* Newest() const {
    return status_.generations.empty() ? nullptr : &status_.generations.back();
  }
  bool Running() const { return Newest() != nullptr && Newest()->end == "running"; }

  void ReadRecipe() {
    const std::string path = status_.run + "/recipe.toml";
    if (!FileExists(path)) return;
    Result<worker::TrainConfig> config = LoadRecipe(path, {});
    if (config.ok()) {
      config_ = *std::move(config);
    } else {
      Warn(config.status());
    }
  }

  Status ReadGenerations() {
    ASSIGN_OR_RETURN(const std::vector<storage::GenerationInfo> all,
                     storage::ListGenerations(status_.run, &status_.warnings));
    for (const storage::GenerationInfo& info : all) {
      GenerationLine line;
      line.info = info;
      line.holder = storage::DescribeHolder(status_.run, info);
      Result<GenerationStatus> status = storage::ReadGenerationStatus(status_.run, info.number);
      if (status.ok()) {
        line.status = *std::move(status);
      } else if (status.status().code() != StatusCode::kNotFound) {
        Warn(status.status());
      }
      line.end = EndOfGeneration(status_.run, line, &info == &all.back(), summary_);
      status_.generations.push_back(std::move(line));
    }
    if (Newest() == nullptr || !Newest()->status) return OkStatus();
    status_.ranks = Newest()->status->ranks;
    const Result<double> age = storage::GenerationStatusAge(status_.run, Newest()->info.number);
    if (age.ok()) status_.written_ago = *age;
    return OkStatus();
  }

  Status ReadCheckpoints() {
    ASSIGN_OR_RETURN(const std::vector<storage::CheckpointId> ids,
                     storage::ListCheckpoints(status_.run));
    for (const storage::CheckpointId& id : ids) {
      const auto manifest =
          storage::InspectCheckpointDirectory(storage::CheckpointPath(status_.run, id), id);
      if (manifest.status().code() == StatusCode::kNotFound) continue;  // removed since
      CheckpointLine line{.id = id};
      if (manifest.ok()) {
        line.whole = true;
        for (const storage::CheckpointFile& file : manifest->files) line.bytes += file.size;
        const auto time = manifest->environment.find("time");
        if (time != manifest->environment.end()) line.time = time->second;
        newest_ = *manifest;
      } else {
        Warn(manifest.status());
      }
      status_.checkpoints.push_back(std::move(line));
    }
    FindNewestVerified();
    const Result<std::optional<int64_t>> best = worker::BestStep(status_.run);
    if (!best.ok() || !*best) return OkStatus();
    for (const CheckpointLine& line : status_.checkpoints) {
      if (line.id.step == **best) status_.best = line.id.Name();
    }
    return OkStatus();
  }

  void FindNewestVerified() {
    if (!verify_) return;
    for (auto line = status_.checkpoints.rbegin(); line != status_.checkpoints.rend(); ++line) {
      if (!line->whole) continue;
      const auto verified = storage::VerifyCheckpoint(status_.run, line->id);
      if (verified.ok()) {
        status_.newest_verified = line->id.Name();
        return;
      }
      if (verified.status().code() == StatusCode::kNotFound) continue;  // removed since
      line->whole = false;
      Warn(verified.status());
    }
  }

  // The newest of what its coordinator, the summary and the checkpoints tell.
  void SetPosition() {
    RunPosition p;
    const GenerationLine* const newest = Newest();
    if (newest_) {
      p.step = newest_->id.step;
      p.from = "checkpoint " + newest_->id.Name();
      p.epoch = newest_->epoch;
      p.step_in_epoch = newest_->step_in_epoch;
    }
    if (summary_ && (newest == nullptr || summary_->generation == newest->info.number) &&
        summary_->step >= p.step) {
      p.step = summary_->step;
      p.from = worker::kSummaryFile;
    }
    if (newest != nullptr && newest->status) {
      const GenerationStatus& s = *newest->status;
      p.total_steps = s.total_steps;
      p.steps_per_epoch = s.steps_per_epoch;
      // Behind a generation that ended by itself its steps without a checkpoint are lost.
      if (Running() && s.step >= p.step) {
        p.step = s.step;
        p.from = "its coordinator";
      }
    }
    if (p.from.empty() && newest == nullptr) return;
    if (p.from.empty()) p.from = "no checkpoint yet";
    if (p.steps_per_epoch > 0) {
      p.epoch = static_cast<int32_t>(p.step / p.steps_per_epoch);
      p.step_in_epoch = p.step % p.steps_per_epoch;
      p.epochs = static_cast<int32_t>((p.total_steps + p.steps_per_epoch - 1) / p.steps_per_epoch);
    } else if (config_) {
      p.epochs = config_->epochs;
    }
    status_.position = p;
  }

  void SetState() {
    const GenerationLine* const newest = Newest();
    if (newest == nullptr) {
      status_.state = "not begun";
      return;
    }
    const std::optional<GenerationStatus>& s = newest->status;
    status_.detail = newest->end;
    if (newest->end == "running") {
      status_.state = "running";
      status_.detail.clear();
    } else if (newest->end == kEndedWithoutAWord) {
      status_.state = "ended without a word";
      status_.detail =
          "it was killed, or its machine failed or was cut off; start its `lockstep train` command "
          "again: it goes on from the newest checkpoint";
    } else if (newest->holder == "not known" && !(s && !s->end.empty())) {
      status_.state = "held";
    } else if (newest->end == "finished") {
      status_.state = "finished";
      status_.detail.clear();
    } else if (s && s->end == StatusCodeName(StatusCode::kCancelled)) {
      status_.state = "stopped";
    } else if (s && !s->end.empty()) {
      status_.state = "failed";
    } else {
      status_.state = newest->end == "ended in order" ? "stopped" : newest->end;
      status_.detail.clear();
    }
  }

  void SetRates() {
    const GenerationLine* const newest = Newest();
    if (newest == nullptr || !newest->status || !status_.position) return;
    const GenerationStatus& s = *newest->status;
    if (s.recent_steps > 0 && s.recent_ms >= kEnoughMs) {
      status_.steps_per_second =
          1e3 * static_cast<double>(s.recent_steps) / static_cast<double>(s.recent_ms);
    } else if (s.step > s.first_step && s.elapsed_ms >= kEnoughMs) {
      status_.steps_per_second =
          1e3 * static_cast<double>(s.step - s.first_step) / static_cast<double>(s.elapsed_ms);
    }
    if (!status_.steps_per_second) return;
    if (s.steps_per_epoch > 0) {
      status_.samples_per_second = *status_.steps_per_second * static_cast<double>(s.samples) /
                                   static_cast<double>(s.steps_per_epoch);
    }
    if (!Running()) return;
    // Over the whole generation, evaluations and checkpoints are in the rate as they come.
    double rate = *status_.steps_per_second;
    if (s.step > s.first_step && s.elapsed_ms >= 10 * kEnoughMs) {
      rate = 1e3 * static_cast<double>(s.step - s.first_step) / static_cast<double>(s.elapsed_ms);
    }
    status_.seconds_left = static_cast<double>(s.total_steps - s.step) / rate;
  }

  int64_t CheckpointsToCome(const RunPosition& p) const {
    const int64_t left = p.total_steps - p.step;
    if (left <= 0) return 0;
    if (config_->checkpoint.every_steps > 0) return left / config_->checkpoint.every_steps + 1;
    return p.steps_per_epoch > 0 ? left / p.steps_per_epoch + 1 : 1;
  }

  // As many checkpoints as are kept, one that is being written, the weights, the tables.
  void SetDisk() {
    struct statvfs file_system {};
    if (!config_ || !newest_ || !status_.position || status_.position->total_steps == 0 ||
        status_.state == "finished" || ::statvfs(status_.run.c_str(), &file_system) != 0) {
      return;
    }
    int64_t bytes = 0, weights = 0, present = 0;
    for (const storage::CheckpointFile& file : newest_->files) {
      bytes += file.size;
      if (file.name.starts_with("model-")) weights += file.size;
    }
    for (const CheckpointLine& line : status_.checkpoints) {
      present += line.id.branch == newest_->id.branch ? 1 : 0;
    }
    const auto& kept = config_->checkpoint;
    const int64_t most = std::max(kept.keep_last, 2) + (kept.keep_best ? 1 : 0) + 2;
    const int64_t to_come = std::clamp<int64_t>(CheckpointsToCome(*status_.position), 0,
                                                std::max<int64_t>(1, most - present));
    const int64_t rows = status_.position->total_steps - status_.position->step;
    DiskNeed need;
    // Each checkpoint has a copy of the tables.
    const int64_t tables = rows * kTableRowBytes;
    need.needed = to_come * (bytes + tables) + weights + tables;
    need.free =
        static_cast<int64_t>(file_system.f_bavail) * static_cast<int64_t>(file_system.f_frsize);
    need.why = CountText(to_come, "checkpoint") + " of " + CountText(bytes) +
               " bytes, the weights of " + CountText(weights) + " and tables of " +
               CountText(tables);
    if (need.needed > need.free) {
      status_.warnings.push_back("the run will need " + CountText(need.needed) +
                                 " bytes more and its disk has " + CountText(need.free) +
                                 " free; free some, or keep fewer checkpoints "
                                 "(checkpoint.keep_last, checkpoint.keep_best)");
    }
    status_.disk = need;
  }

  const bool verify_;
  RunStatus status_;
  std::optional<RunSummary> summary_;
  std::optional<worker::TrainConfig> config_;
  std::optional<CheckpointManifest> newest_;  // of the highest branch and step that looks whole
};

}  // namespace

Result<RunStatus> ReadRunStatus(const std::string& run, bool verify) {
  return Reader(run, verify).Read();
}

}  // namespace lockstep::cluster
