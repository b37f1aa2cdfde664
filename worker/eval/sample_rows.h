// SPDX-License-Identifier: Apache-2.0
// SampleRows: what an evaluation keeps of every sample (graph::TaskBuilder::PerSample): bytes that
// the task makes of the results of a batch, on the rank that has the sample. GatherRows joins those
// of all ranks on rank 0.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/device/device.h"
#include "base/status.h"
#include "comm/communicator.h"
#include "graph/plan/plan.h"
#include "graph/tasks/task.h"
#include "storage/loader/batch.h"

namespace lockstep::worker {

class SampleRows {
 public:
  // An evaluation plan, which outlives this.
  explicit SampleRows(const graph::Plan* plan);

  // The task keeps nothing of samples.
  bool empty() const { return values_.empty(); }
  // Has the task score each sample of a batch, whose results are as the plan orders them, and
  // appends what it wrote. Internal where that is more than `most` bytes.
  Status Append(const graph::Task& task, const storage::LaneBatch& batch,
                const std::vector<void*>& results, int64_t most,
                std::vector<graph::SampleRow>* rows) const;

 private:
  struct Value {
    size_t result;            // its place among the plan's results
    size_t count = SIZE_MAX;  // that of its count; SIZE_MAX: it has none
  };

  const graph::Plan* plan_;
  std::vector<Value> values_;
};

// Every rank calls it. Rank 0 gets the rows of all ranks by increasing id; the others get none.
// Internal, on rank 0, where two rows are of one sample.
Result<std::vector<graph::SampleRow>> GatherRows(comm::Communicator* communicator,
                                                 const std::vector<graph::SampleRow>& mine,
                                                 Stream* stream, Deadline deadline);

}  // namespace lockstep::worker
