// SPDX-License-Identifier: Apache-2.0
// LaneWorkspaces: the threads of a rank that run lanes at once, each with its own arena and small
// buffers, and the copies of parameters that all of them read. Training and evaluation share them.
// Where kernels do not run on the thread that calls them each has a stream of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/device/device.h"
#include "base/thread_pool.h"
#include "worker/model/compiled_model.h"
#include "worker/model/mirrored_buffer.h"

namespace lockstep::worker {

// What one lane hands out beside its gradients.
struct LaneScalars {
  alignas(64) double numerator = 0.0;
  alignas(64) double denominator = 0.0;
};

struct LaneWorkspace {
  DeviceBuffer arena;           // CompiledModel::arena_bytes()
  MirroredBuffer eval_inputs;   // of an evaluation batch; empty where kernels read it where it is
  MirroredBuffer eval_results;  // of an evaluation batch, at EvalResultPlaces
  DeviceBuffer lane_sums;       // the task's, of a lane, at LaneResultPlaces
  LaneScalars scalars;
  std::unique_ptr<Stream> stream;  // last: its work uses the memory above; null: none is needed
};

class LaneWorkspaces {
 public:
  static Result<std::unique_ptr<LaneWorkspaces>> Make(const CompiledModel& model, int32_t count);

  int32_t count() const { return static_cast<int32_t>(spaces_.size()); }
  int64_t bytes() const { return bytes_; }  // without prepared()
  LaneWorkspace& first() { return spaces_.front(); }
  DeviceBuffer& prepared() { return prepared_; }  // CompiledModel::prepared_bytes()

  // Calls work(workspace) on every thread at once; returns the first failure by thread index.
  Status RunAll(const std::function<Status(LaneWorkspace&)>& work);

 private:
  explicit LaneWorkspaces(int32_t count) : spaces_(static_cast<size_t>(count)), pool_(count) {}

  DeviceBuffer prepared_;
  std::vector<LaneWorkspace> spaces_;
  ThreadPool pool_;
  int64_t bytes_ = 0;
};

}  // namespace lockstep::worker
