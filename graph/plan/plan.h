// SPDX-License-Identifier: Apache-2.0
// Plan = Compile(graph, DeviceSpec, KernelChoices): a kernel for every node and a place for every
// value. It is a pure function of these, without device or clock: the same plan anywhere.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/device/device_spec.h"
#include "graph/ir/graph.h"
#include "graph/plan/expand_for_device.h"
#include "graph/plan/kernel_choice.h"

namespace lockstep::graph {

// Where a value's memory is while a plan runs.
struct Place {
  enum class Kind : uint8_t { kArg, kResult, kArena };
  Kind kind = Kind::kArena;
  int32_t index = 0;   // kArg, kResult: which one
  int64_t offset = 0;  // kArena: bytes from its start
};

struct PlanNode {
  ops::NodeSpec spec;
  std::shared_ptr<const ops::KernelFamily> family;
  ops::Candidate candidate;
  std::vector<Place> in, out;
  int64_t workspace_offset = 0;  // in the arena
  int64_t workspace_bytes = 0;
  int32_t prepared = -1;    // >= 0: the entry of Plan::prepared that it is given
  bool recomputed = false;  // a copy of an earlier node, run again to save memory
};

// A copy of a parameter in a kernel's own layout, made before the plan runs and read by every run
// until the parameter changes (ops::Kernel::Prepare).
struct PreparedParameter {
  int32_t arg = 0;
  int32_t node = 0;               // whose kernel makes it
  int64_t offset = 0, bytes = 0;  // in the memory of all copies
};

// A range of the arena that one output, or the outputs that took it over in place, or a workspace
// holds while nodes first_node .. last_node run.
struct PlanBuffer {
  int64_t offset = 0, bytes = 0;  // without the guard that follows
  int32_t first_node = 0, last_node = 0;
  int32_t output = 0;  // of first_node, which makes it; -1: first_node's workspace
};

struct PlanResult {
  std::string name;
  TensorType type;
  int32_t copy_of_arg = -1;     // >= 0: the result is that argument, copied
  int32_t copy_of_result = -1;  // >= 0: the result repeats an earlier one, copied
};

struct Plan {
  std::string name;
  std::vector<Arg> args;  // in the graph's order: the caller binds a pointer to each
  std::vector<PlanResult> results;
  std::vector<PlanNode> nodes;
  // Fused nodes of the graph that stand as their parts: the device has no kernel for them.
  std::vector<ExpandedNode> expanded;
  std::vector<PlanBuffer> buffers;  // in the order in which their last node comes
  int64_t alignment = 64;           // of every buffer: the device's buffer_alignment
  int64_t guard_bytes = 0;          // left free after each buffer
  int64_t arena_bytes = 0;
  int64_t arena_lower_bound = 0;
  int64_t arena_without_recompute = 0;  // with nothing recomputed; 0: nothing is recomputed
  std::vector<PreparedParameter> prepared;
  int64_t prepared_bytes = 0;

  // Index of a result by name; stops the process when there is none.
  size_t ResultIndex(std::string_view result) const;
  // FLOPs of one run, and how many of them recomputed nodes do.
  int64_t flops() const;
  int64_t recomputed_flops() const;
};

struct PlanOptions {
  int64_t guard_bytes = 0;          // left free after each buffer of the arena, for canaries
  bool prepare_parameters = false;  // once for many runs, instead of in every run
  // Where the parts of fused ops are found.
  const ops::OpRegistry* registry = &ops::OpRegistry::Global();
};

// Verifies the graph, drops dead code, expands fused nodes without a kernel, chooses kernels, plans
// memory, verifies the plan. A node for which no kernel exists is an error that names the layer and
// each kernel's reason.
Result<std::shared_ptr<const Plan>> Compile(const Graph& graph, const DeviceSpec& device,
                                            const KernelChoices& choices = {},
                                            const PlanOptions& options = {});

}  // namespace lockstep::graph
