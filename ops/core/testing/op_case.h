// SPDX-License-Identifier: Apache-2.0
// OpCase: one sample of one op, the unit over which the tests of ops are generated.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "ops/core/registry.h"
#include "ops/core/testing/test_device.h"

namespace lockstep::ops {

struct OpCase {
  const OpRegistry* registry;
  const Op* op;
  const Sample* sample;
  TestDevice device = TestDevice::kCpu;  // that kernels run on

  std::string ToString() const { return op->name + "_" + sample->name; }
};

// Every sample of every op, by name.
std::vector<OpCase> AllOpCases(const OpRegistry& registry, TestDevice device = TestDevice::kCpu);
OpCase FindOpCase(const OpRegistry& registry, std::string_view op, std::string_view sample);

// Indices of the inputs that gradients are taken to: floats, unless the sample says otherwise.
std::vector<size_t> DifferentiableInputs(const Sample& sample);
// Indices of the outputs through which gradients flow: floats that the op does not detach.
std::vector<size_t> DifferentiableOutputs(const Op& op, const TensorTypes& out);

std::ostream& operator<<(std::ostream& out, const OpCase& c);

}  // namespace lockstep::ops
