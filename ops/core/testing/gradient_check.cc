// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/gradient_check.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "base/check.h"
#include "base/math.h"
#include "base/philox.h"
#include "ops/core/testing/gradient_run.h"
#include "ops/core/testing/kernel_run.h"
#include "ops/core/testing/sample_inputs.h"

namespace lockstep::ops {
namespace {

constexpr uint32_t kMostElements = 512;  // of an input to differentiate by; beyond: a random subset
constexpr double kStepSize = 1e-5;       // relative to max(1, |x|)
// A gradient whose root mean square is below this, relative to the numbers that flow in, is zero.
constexpr double kZero = 1e-9;

// Elements of an input to look at.
std::vector<uint32_t> ChosenElements(const OpCase& c, size_t input, int64_t elements) {
  const PhiloxKey key = StreamKey(input, "chosen-elements", c.ToString());
  std::vector<uint32_t> chosen =
      Shuffled(static_cast<uint32_t>(elements), [&](uint32_t i, uint32_t attempt) {
        return Philox4x32({i, attempt}, key)[0];
      });
  chosen.resize(std::min<size_t>(chosen.size(), kMostElements));
  return chosen;
}

// sum of dout * (a - b), over the outputs into which gradients flow.
double Projected(const GradientRun& run, const std::vector<GuardedTensor>& a,
                 const std::vector<GuardedTensor>& b) {
  double sum = 0;
  for (size_t j = 0; j < run.dout.size(); ++j) {
    if (!run.dout[j].valid()) continue;
    const GuardedTensor& dout = run.Get(run.dout[j]);
    for (int64_t k = 0; k < dout.elements(); ++k) sum += dout.At(k) * (a[j].At(k) - b[j].At(k));
  }
  return sum;
}

double Norm(const std::vector<double>& values) {
  double squares = 0;
  for (const double v : values) squares += v * v;
  return math::Sqrt(squares);
}

// Central differences of the projected outputs by the chosen elements of an input.
Result<std::vector<double>> Differences(const OpCase& c, const GradientRun& run, size_t input,
                                        const std::vector<uint32_t>& chosen) {
  std::vector<GuardedTensor> in = MakeSampleInputs(c.op->name, *c.sample, DType::kFloat64);
  ASSIGN_OR_RETURN(const NodeSpec node,
                   MakeNode(*c.op, c.sample->attrs, SampleTypes(*c.sample, DType::kFloat64),
                            SamplePath(c.op->name, *c.sample)));
  ASSIGN_OR_RETURN(const MadeKernel kernel, MakeReferenceKernel(node, c.device));
  std::vector<double> differences;
  for (const uint32_t element : chosen) {
    const double x = in[input].At(element);
    const double step = kStepSize * std::max(1.0, x < 0 ? -x : x);
    const double above = x + step, below = x - step;
    in[input].Set(element, above);
    ASSIGN_OR_RETURN(const auto out_above, RunKernel(kernel, in, SampleStep()));
    in[input].Set(element, below);
    ASSIGN_OR_RETURN(const auto out_below, RunKernel(kernel, in, SampleStep()));
    in[input].Set(element, x);
    differences.push_back(Projected(run, out_above, out_below) / (above - below));
  }
  return differences;
}

Status CompareInput(const OpCase& c, const GradientRun& run, size_t input) {
  const std::string what = "the gradient of input " + std::to_string(input);
  if (!run.din[input].valid()) return Internal(what + " is missing");
  const GuardedTensor& gradient = run.Get(run.din[input]);
  const TensorType& type = run.emit->TypeOf(run.in[input]);
  if (gradient.type() != type) {
    return Internal(what + " is " + gradient.type().ToString() + "; expected " + type.ToString());
  }
  const std::vector<uint32_t> chosen = ChosenElements(c, input, gradient.elements());
  ASSIGN_OR_RETURN(const std::vector<double> expected, Differences(c, run, input, chosen));
  std::vector<double> got, error;
  for (size_t i = 0; i < chosen.size(); ++i) {
    got.push_back(gradient.At(chosen[i]));
    error.push_back(got[i] - expected[i]);
  }
  const double scale = std::max(Norm(got), Norm(expected));
  const double zero = kZero * math::Sqrt(static_cast<double>(chosen.size()));
  if (scale <= zero || Norm(error) <= kGradientTolerance * scale) return OkStatus();
  std::ostringstream message;
  message << what << " is off finite differences by " << Norm(error) / scale
          << " (relative L2); expected at most " << kGradientTolerance << "; norms " << Norm(got)
          << " and " << Norm(expected);
  return Internal(message.str());
}

// The values that returned gradients depend on, through the nodes the rule emitted.
std::set<int32_t> Needed(const GradientRun& run) {
  std::set<int32_t> needed;
  for (const Value v : run.din) needed.insert(v.id);
  const auto& nodes = run.emit->nodes();
  for (size_t i = nodes.size(); i-- > run.forward_nodes;) {
    const auto& out = nodes[i].out;
    if (std::any_of(out.begin(), out.end(), [&](Value v) { return needed.contains(v.id); })) {
      for (const Value v : nodes[i].in) needed.insert(v.id);
    }
  }
  return needed;
}

Status ExpectNoUnneededNode(const GradientRun& run) {
  const std::set<int32_t> needed = Needed(run);
  const auto& nodes = run.emit->nodes();
  for (size_t i = run.forward_nodes; i < nodes.size(); ++i) {
    const auto& out = nodes[i].out;
    if (std::none_of(out.begin(), out.end(), [&](Value v) { return needed.contains(v.id); })) {
      return Internal("the rule emitted " + nodes[i].op + ", which no wanted gradient needs");
    }
  }
  return OkStatus();
}

}  // namespace

Status CheckGradient(const OpCase& c) {
  ASSIGN_OR_RETURN(const TensorTypes out_types,
                   c.op->infer(c.sample->attrs, SampleTypes(*c.sample, DType::kFloat64)));
  const std::vector<size_t> outputs = DifferentiableOutputs(*c.op, out_types);
  const std::vector<size_t> inputs = DifferentiableInputs(*c.sample);
  if (outputs.empty() || inputs.empty()) {
    return Internal("there is a rule, but no gradient can flow: no differentiable output or input");
  }
  std::vector<std::vector<size_t>> ways = {outputs};
  for (const size_t output : outputs) {
    if (outputs.size() > 1) ways.push_back({output});
  }
  for (const std::vector<size_t>& into : ways) {
    ASSIGN_OR_RETURN(const GradientRun run, RunGradient(c, into, inputs));
    for (const size_t input : inputs) RETURN_IF_ERROR(CompareInput(c, run, input));
  }
  return OkStatus();
}

Status CheckWantedOnly(const OpCase& c) {
  const std::vector<size_t> inputs = DifferentiableInputs(*c.sample);
  ASSIGN_OR_RETURN(const TensorTypes out_types,
                   c.op->infer(c.sample->attrs, SampleTypes(*c.sample, DType::kFloat64)));
  const std::vector<size_t> outputs = DifferentiableOutputs(*c.op, out_types);
  ASSIGN_OR_RETURN(const GradientRun all, RunGradient(c, outputs, inputs));
  RETURN_IF_ERROR(ExpectNoUnneededNode(all));
  for (const size_t wanted : inputs) {
    ASSIGN_OR_RETURN(const GradientRun one, RunGradient(c, outputs, {wanted}));
    for (size_t i = 0; i < one.din.size(); ++i) {
      if (one.din[i].valid() != (i == wanted)) {
        return Internal("asked for the gradient of input " + std::to_string(wanted) +
                        " alone, the rule returned " + (i == wanted ? "none" : "another"));
      }
    }
    if (!one.Get(one.din[wanted]).SameBits(all.Get(all.din[wanted]))) {
      return Internal("the gradient of input " + std::to_string(wanted) +
                      " depends on which others are wanted");
    }
    RETURN_IF_ERROR(ExpectNoUnneededNode(one));
  }
  return OkStatus();
}

}  // namespace lockstep::ops
