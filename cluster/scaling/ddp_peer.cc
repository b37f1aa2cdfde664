// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/ddp_peer.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cluster/bench/image_option.h"
#include "cluster/scaling/child_process.h"
#include "storage/json/hashed_json.h"

namespace lockstep::cluster {
namespace {

// The first line of what a program said.
std::string FirstLineOf(const std::string& text) { return text.substr(0, text.find('\n')); }

struct PeerRun {
  std::string version;
  std::vector<double> step_ms;
  std::string error;  // why there are no figures
};

Result<PeerRun> ReadRun(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  ASSIGN_OR_RETURN(const nlohmann::json json, storage::ParseJson(text));
  Status problem;
  const storage::JsonObject j(json, &problem);
  PeerRun run;
  if (json.is_object() && json.contains("error")) {
    run.error = FirstLineOf(j.Text("error"));
  } else {
    run.version = j.Text("version");
    run.step_ms = j.Numbers("step_ms");
  }
  RETURN_IF_ERROR(problem);
  if (run.error.empty() && run.step_ms.empty()) return DataLoss("it holds no steps");
  return run;
}

Result<PeerRun> RunPeer(const ScalingOptions& options, const ScalingPoint& point,
                        const Shape& image, const std::string& folder, const GroupLaunch& launch) {
  const int64_t batch = point.measured.lanes * point.measured.lane_batch;
  const std::string base = folder + "/peer-" + std::to_string(point.measured.ranks);
  ChildProgram child;
  child.words = {options.python, options.peer_program,
                 "--model",      options.model,
                 "--image",      ImageText(image),
                 "--classes",    std::to_string(options.classes),
                 "--batch",      std::to_string(batch),
                 "--ranks",      std::to_string(point.measured.ranks),
                 "--threads",    std::to_string(options.cores),
                 "--warmup",     std::to_string(options.warmup),
                 "--steps",      std::to_string(options.steps),
                 "--json",       base + ".json"};
  child.log = base + ".log";
  child.limit = launch.limit;
  child.stop = launch.stop;
  RETURN_IF_ERROR(RunToEnd(child));
  return ReadRun(base + ".json");
}

}  // namespace

Status MeasurePeer(const ScalingOptions& options, const std::string& folder,
                   const GroupLaunch& launch, ScalingResult* result) {
  if (options.python.empty()) {
    result->peer = "PyTorch DDP was not measured: --python names no Python that has torch";
    return OkStatus();
  }
  if (!FileExists(options.peer_program)) {
    result->peer = "PyTorch DDP was not measured: there is no '" + options.peer_program +
                   "'; start in the folder of Lockstep's source, or name it with --peer-program";
    return OkStatus();
  }
  if (options.optimizer != "sgd" || options.nodes > 1) {
    result->peer =
        "PyTorch DDP was not measured: it is compared with --optimizer sgd on one machine";
    return OkStatus();
  }
  const Series series = result->points.front().series;
  for (const ScalingPoint& point : result->points) {
    if (point.series != series) continue;
    const Result<PeerRun> run = RunPeer(options, point, result->image, folder, launch);
    if (run.status().code() == StatusCode::kCancelled) return run.status();
    if (!run.ok() || !run->error.empty()) {
      result->peer = "PyTorch DDP was not measured: " +
                     (run.ok() ? run->error : FirstLineOf(run.status().message()));
      result->peers.clear();
      return OkStatus();
    }
    result->peer = "PyTorch " + run->version + " DDP over gloo";
    PeerPoint peer;
    peer.ranks = point.measured.ranks;
    peer.step_ms = run->step_ms;
    const double images =
        static_cast<double>(point.measured.lanes) * static_cast<double>(point.measured.lane_batch);
    peer.images_per_second = 1e3 * images / SpreadOf(run->step_ms).median;
    peer.ours_over_theirs = point.images_per_second() / peer.images_per_second;
    result->peers.push_back(std::move(peer));
  }
  return OkStatus();
}

}  // namespace lockstep::cluster
