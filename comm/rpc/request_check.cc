// SPDX-License-Identifier: Apache-2.0
#include "comm/rpc/request_check.h"

#include <algorithm>
#include <cmath>

namespace lockstep::comm {
namespace {

constexpr int64_t kMaxCount = int64_t{1} << 53;  // of anything: steps, samples, generations
constexpr size_t kMaxName = 256;
constexpr size_t kMaxPath = 4096;
constexpr size_t kMaxKeys = size_t{256} << 10;      // bytes of a recipe's lines
constexpr size_t kMaxMessage = size_t{64} << 10;    // bytes of a failed status
constexpr size_t kMaxDigests = size_t{16} << 10;    // steps in one heartbeat
constexpr double kMaxHeartbeatLimit = 24 * 3600.0;  // seconds

// Collects the first complaint, so that a list of fields reads as one.
class Fields {
 public:
  explicit Fields(std::string what) : what_(std::move(what)) {}

  Fields& Number(const char* field, int64_t value, int64_t least, int64_t most) {
    if (value < least || value > most) {
      Refuse(field, std::to_string(value),
             "a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return *this;
  }
  Fields& Text(const char* field, const std::string& value, size_t least, size_t most) {
    if (value.size() < least || value.size() > most) {
      Refuse(field, "of " + std::to_string(value.size()) + " bytes",
             std::to_string(least) + " to " + std::to_string(most) + " bytes");
    } else if (value.find('\0') != std::string::npos) {
      Refuse(field, "with a zero byte", "text");
    }
    return *this;
  }
  Fields& Seconds(const char* field, double value) {
    if (!std::isfinite(value) || value <= 0 || value > kMaxHeartbeatLimit) {
      Refuse(field, std::to_string(value), "seconds above 0, at most a day");
    }
    return *this;
  }
  Fields& Lines(const char* field, const std::string& value) {
    Text(field, value, 0, kMaxKeys);
    if (!value.empty() && value.back() != '\n') Refuse(field, "without a last newline", "lines");
    return *this;
  }
  const Status& status() const { return status_; }

 private:
  void Refuse(const char* field, const std::string& value, const std::string& expected) {
    if (!status_.ok()) return;
    status_ = InvalidArgument(what_ + ": " + field + " is " + value + "; expected " + expected +
                              ". Is the same version of lockstep on both sides?");
  }

  std::string what_;
  Status status_;
};

}  // namespace

Status CheckRequest(const RegisterRequest& request) {
  const MemberInfo& member = request.member;
  const RunInfo& run = request.run;
  return Fields("registration")
      .Number("world_size", member.world_size, 1, kMaxWorldSize)
      .Number("rank", member.rank.value, 0, std::max(member.world_size, 1) - 1)
      .Text("host", member.host, 1, kMaxName)
      .Number("pid", member.pid, 1, kMaxCount)
      .Text("build", member.build, 0, kMaxName)
      .Text("hardware", member.hardware, 0, kMaxName)
      .Text("run_directory", run.run_directory, 1, kMaxPath)
      .Lines("fixed_keys", run.fixed_keys)
      .Lines("branch_keys", run.branch_keys)
      .Lines("unlisted_keys", run.unlisted_keys)
      .Number("samples", run.samples, 1, kMaxCount)
      .Number("shard_size", run.shard_size, 1, kMaxCount)
      .Number("window_shards", run.window_shards, 1, kMaxCount)
      .Number("lane_batch", run.lane_batch, 1, kMaxCount)
      .Number("lanes", run.lanes, member.world_size, INT32_MAX)
      .Number("total_steps", run.total_steps, 0, kMaxCount)
      .Seconds("heartbeat_limit", run.heartbeat_limit)
      .status();
}

Status CheckRequest(const HeartbeatRequest& request) {
  Fields fields("heartbeat");
  fields.Number("generation", request.generation, 1, kMaxCount)
      .Number("rank", request.rank.value, 0, kMaxWorldSize - 1)
      .Text("phase", request.phase, 0, kMaxName)
      .Number("step", request.step, 0, kMaxCount)
      .Number("number of digests", static_cast<int64_t>(request.digests.size()), 0, kMaxDigests);
  for (const StepDigest& digest : request.digests) {
    if (!fields.status().ok()) break;
    fields.Number("step of a digest", digest.step, 0, kMaxCount);
  }
  return fields.status();
}

Status CheckRequest(const CommitRequest& request) {
  return Fields("commit")
      .Number("generation", request.generation, 1, kMaxCount)
      .Number("rank", request.rank.value, 0, kMaxWorldSize - 1)
      .Text("checkpoint", request.checkpoint, 1, kMaxName)
      .Number("step", request.step, 0, kMaxCount)
      .status();
}

Status CheckRequest(const LeaveRequest& request) {
  // Generation 0: of a rank that ends before it was accepted.
  return Fields("leave")
      .Number("generation", request.generation, 0, kMaxCount)
      .Number("rank", request.rank.value, 0, kMaxWorldSize - 1)
      .Text("message", request.status.message(), 0, kMaxMessage)
      .Number("step", request.step, 0, kMaxCount)
      .status();
}

}  // namespace lockstep::comm
