// SPDX-License-Identifier: Apache-2.0
#include "worker/step/lane_workspace.h"

#include <algorithm>

#include "base/floating_point_state.h"
#include "worker/step/bindings.h"

namespace lockstep::worker {

Result<std::unique_ptr<LaneWorkspaces>> LaneWorkspaces::Make(const CompiledModel& model,
                                                             int32_t count) {
  std::unique_ptr<LaneWorkspaces> all(new LaneWorkspaces(count));
  Device* const device = model.device();
  int64_t eval_results = 0, eval_inputs = 0;
  for (const auto& [rows, executor] : model.eval_executors()) {
    eval_results = std::max(eval_results, EvalResultPlaces(executor->plan()).bytes());
    if (device->host_addressable()) continue;
    eval_inputs = std::max(eval_inputs, ArgumentPlaces(model, &executor->plan()).input_bytes());
  }
  int64_t lane_sums = 0;
  for (size_t phase = 0; phase < model.phases(); ++phase) {
    for (const auto& [rows, executor] : model.lane_executors(phase)) {
      lane_sums = std::max(lane_sums, LaneResultPlaces(model, executor->plan()).sum_bytes());
    }
  }
  for (LaneWorkspace& space : all->spaces_) {
    ASSIGN_OR_RETURN(space.arena, ZeroedBuffer(device, model.arena_bytes(), "arenas"));
    ASSIGN_OR_RETURN(space.eval_inputs,
                     MirroredBuffer::MakeZeroed(device, eval_inputs, "evaluation inputs"));
    ASSIGN_OR_RETURN(space.eval_results,
                     MirroredBuffer::MakeZeroed(device, eval_results, "evaluation results"));
    ASSIGN_OR_RETURN(space.lane_sums, ZeroedBuffer(device, lane_sums, "sums of lanes"));
    all->bytes_ += model.arena_bytes() + eval_inputs + eval_results + lane_sums;
    if (!device->host_addressable()) {
      ASSIGN_OR_RETURN(space.stream, device->MakeStream("lanes", 0));
    }
  }
  ASSIGN_OR_RETURN(all->prepared_,
                   ZeroedBuffer(device, model.prepared_bytes(), "prepared parameters"));
  return all;
}

Status LaneWorkspaces::RunAll(const std::function<Status(LaneWorkspace&)>& work) {
  std::vector<Status> statuses(spaces_.size());
  std::vector<std::function<void()>> tasks;
  for (size_t i = 0; i < spaces_.size(); ++i) {
    tasks.push_back([this, i, &work, &statuses] {
      SetFloatingPointState();
      statuses[i] = work(spaces_[i]);
    });
  }
  pool_.Run(tasks);
  for (Status& status : statuses) RETURN_IF_ERROR(std::move(status));
  return OkStatus();
}

}  // namespace lockstep::worker
