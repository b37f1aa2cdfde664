// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/op_case.h"

#include <algorithm>

#include "base/check.h"

namespace lockstep::ops {

std::vector<OpCase> AllOpCases(const OpRegistry& registry, TestDevice device) {
  std::vector<OpCase> cases;
  for (const auto& [name, op] : registry.ops()) {
    for (const Sample& sample : op->samples) {
      cases.push_back({&registry, op.get(), &sample, device});
    }
  }
  return cases;
}

OpCase FindOpCase(const OpRegistry& registry, std::string_view op, std::string_view sample) {
  for (const OpCase& c : AllOpCases(registry)) {
    if (c.op->name == op && c.sample->name == sample) return c;
  }
  CHECK(false) << "op " << op << " has no sample " << sample;
  return {};
}

std::vector<size_t> DifferentiableInputs(const Sample& sample) {
  std::vector<size_t> indices;
  for (size_t i = 0; i < sample.in.size(); ++i) {
    if (sample.in[i].differentiable && IsFloat(sample.in[i].type.dtype)) indices.push_back(i);
  }
  return indices;
}

std::vector<size_t> DifferentiableOutputs(const Op& op, const TensorTypes& out) {
  std::vector<size_t> indices;
  for (size_t i = 0; i < out.size(); ++i) {
    const auto& detached = op.detached_outputs;
    const bool flows =
        std::find(detached.begin(), detached.end(), static_cast<int>(i)) == detached.end();
    if (flows && IsFloat(out[i].dtype)) indices.push_back(i);
  }
  return indices;
}

std::ostream& operator<<(std::ostream& out, const OpCase& c) { return out << c.ToString(); }

}  // namespace lockstep::ops
