// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/gradient_run.h"

#include "base/check.h"
#include "ops/core/testing/sample_inputs.h"

namespace lockstep::ops {

Result<GradientRun> RunForward(const OpCase& c) {
  GradientRun run;
  run.emit = std::make_unique<EagerEmitter>(*c.registry, SamplePath(c.op->name, *c.sample),
                                            SampleStep(), c.device);
  for (GuardedTensor& tensor : MakeSampleInputs(c.op->name, *c.sample, DType::kFloat64)) {
    run.in.push_back(run.emit->Input(std::move(tensor)));
  }
  run.out = run.emit->Emit(c.op->name, c.sample->attrs, run.in);
  RETURN_IF_ERROR(run.emit->status());
  run.dout.resize(run.out.size());
  run.forward_nodes = run.emit->nodes().size();
  return run;
}

Result<GradientRun> RunGradient(const OpCase& c, const std::vector<size_t>& into,
                                const std::vector<size_t>& wanted) {
  CHECK(c.op->grad != nullptr) << c.op->name << " has no gradient rule";
  ASSIGN_OR_RETURN(GradientRun run, RunForward(c));
  for (const size_t output : into) {
    const TensorType& type = run.emit->TypeOf(run.out[output]);
    run.dout[output] = run.emit->Input(MakeSampleGradient(c.op->name, *c.sample, output, type));
  }
  std::vector<bool> want(run.in.size(), false);
  for (const size_t input : wanted) want[input] = true;
  run.din = c.op->grad(c.sample->attrs, {run.emit.get(), run.in, run.out, run.dout, want});
  RETURN_IF_ERROR(run.emit->status());
  if (run.din.size() != run.in.size()) {
    return Internal(c.op->name + "'s rule returned " + std::to_string(run.din.size()) +
                    " gradients; expected one for each of " + std::to_string(run.in.size()) +
                    " inputs");
  }
  return run;
}

}  // namespace lockstep::ops
