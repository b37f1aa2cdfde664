// SPDX-License-Identifier: Apache-2.0
// Executor: runs a plan. Kernels are made once; a run chooses nothing and allocates nothing. One
// executor serves all lanes of a rank at once, each with its own arena and bindings.
//
// On a device whose memory the host may touch a run is done when it returns, and the stream may be
// null. On any other it is enqueued: what is bound stays as it is until an event says that the
// stream is done, and a failure of the run is the stream's.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/device/device.h"
#include "base/device/memory_access.h"
#include "graph/plan/plan.h"

namespace lockstep::worker {

struct RunBindings {
  // Device memory, all aligned to the device's buffer_alignment.
  std::span<const void* const> args;  // one per plan argument
  std::span<void* const> results;     // one per plan result
  void* arena = nullptr;              // plan().arena_bytes
  ops::StepHeader step;
  const void* prepared = nullptr;  // plan().prepared_bytes, filled by Prepare
};

class Executor {
 public:
  struct Options {
    // Fill every buffer with NaN before the run and again after its last reader: a kernel that
    // reads what it should not turns the loss into NaN. Where the plan has guards they hold
    // canaries: a kernel that writes beyond its buffers is an error that names it.
    bool poison = false;
    // Measure every node (node_nanoseconds), by two readings of the clock; nothing else differs.
    bool profile = false;
  };

  static Result<std::unique_ptr<Executor>> Make(std::shared_ptr<const graph::Plan> plan,
                                                Device* device, Options options);

  const graph::Plan& plan() const { return *plan_; }

  // Fills entry `index` of plan().prepared in `prepared`, from the arguments of the runs to come.
  // Thread-safe for distinct entries.
  Status Prepare(size_t index, std::span<const void* const> args, void* prepared,
                 Stream* stream) const;

  // Thread-safe for distinct arenas and results (and streams, where they are used).
  Status Run(const RunBindings& bindings, Stream* stream) const;

  // Runs the plan as Run does, and looks at every floating-point output of every node: NonFinite
  // names the first layer and op with a NaN or infinity. It is slow, and there to find where a bad
  // loss comes from. It waits for each node.
  Status RunChecked(const RunBindings& bindings, Stream* stream) const;

  // Time spent in each node so far, in Run and in Prepare, all threads added, in nanoseconds; empty
  // without Options::profile. For work that a node enqueues it is the time of enqueueing.
  std::vector<int64_t> node_nanoseconds() const;

 private:
  Executor(std::shared_ptr<const graph::Plan> plan, const Device& device, Options options)
      : plan_(std::move(plan)),
        host_addressable_(device.host_addressable()),
        options_(options),
        nanoseconds_(options.profile ? plan_->nodes.size() : 0) {}
  Status RunNodes(const RunBindings& bindings, Stream* stream, bool checked) const;
  Status RunNode(size_t index, const RunBindings& bindings, Stream* stream) const;
  Status RunNodeMeasured(size_t index, const RunBindings& bindings, Stream* stream) const;
  void CopyResults(const RunBindings& bindings, const MemoryAccess& memory) const;
  Status CheckFinite(const graph::PlanNode& node, const RunBindings& bindings,
                     const MemoryAccess& memory) const;

  std::shared_ptr<const graph::Plan> plan_;
  const bool host_addressable_;
  Options options_;
  std::vector<std::unique_ptr<ops::Kernel>> kernels_;      // by node
  mutable std::vector<std::atomic<int64_t>> nanoseconds_;  // by node; empty: not measured
};

}  // namespace lockstep::worker
