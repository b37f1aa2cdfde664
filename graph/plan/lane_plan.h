// SPDX-License-Identifier: Apache-2.0
// The plan of a lane graph: Compile, after the recomputation that a run asks for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "graph/plan/plan.h"

namespace lockstep::graph {

// Which forward activations are dropped and made again in the backward half; no bit depends on it.
struct RecomputePolicy {
  enum class Kind : uint8_t {
    kNone,    // none
    kBlocks,  // those inside blocks (graph/passes/recompute.h)
    kBudget,  // the cheapest, until the arena is within budget_bytes
              // (graph/plan/recompute_budget.h)
  };
  Kind kind = Kind::kNone;
  int64_t budget_bytes = 0;

  // "none", "blocks", or a whole number of MiB, at least 1.
  static Result<RecomputePolicy> Parse(const std::string& text);
};

// Drops dead code, recomputes, compiles. invalid-argument where the graph has no blocks to
// recompute; resource-exhausted, which states the least possible, where no choice is within the
// budget.
Result<std::shared_ptr<const Plan>> CompileLane(const Graph& lane, const DeviceSpec& device,
                                                const RecomputePolicy& recompute = {},
                                                const KernelChoices& choices = {},
                                                const PlanOptions& options = {});

}  // namespace lockstep::graph
