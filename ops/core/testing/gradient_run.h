// SPDX-License-Identifier: Apache-2.0
// A sample in double, executed: the op's reference kernel, then its gradient rule.
#pragma once

#include <memory>
#include <vector>

#include "ops/core/testing/eager_emitter.h"
#include "ops/core/testing/op_case.h"

namespace lockstep::ops {

struct GradientRun {
  std::unique_ptr<EagerEmitter> emit;  // holds the tensors of all values
  std::vector<Value> in, out;
  std::vector<Value> dout;   // invalid where no gradient flows in
  std::vector<Value> din;    // what the rule returned; empty without gradients
  size_t forward_nodes = 0;  // emit->nodes() from here on are the rule's

  const GuardedTensor& Get(Value v) const { return emit->Get(v); }
};

// Runs the op alone.
Result<GradientRun> RunForward(const OpCase& c);
// Runs the op, then its rule with gradients flowing into the outputs `into` (random numbers, the
// same each time) and wanted for the inputs `wanted`. The op must have a rule.
Result<GradientRun> RunGradient(const OpCase& c, const std::vector<size_t>& into,
                                const std::vector<size_t>& wanted);

}  // namespace lockstep::ops
