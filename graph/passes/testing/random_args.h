// SPDX-License-Identifier: Apache-2.0
// For tests of passes: arguments for a graph, reproducible from their numbers.
#pragma once

#include <vector>

#include "base/check.h"
#include "base/philox.h"
#include "graph/ir/evaluate.h"

namespace lockstep::graph {

// Floating-point arguments: uniform in [-0.5, 0.5). Integers: below `labels`.
inline std::vector<HostTensor> RandomArgs(const Graph& graph, uint32_t labels) {
  std::vector<HostTensor> args;
  for (const Arg& arg : graph.args()) {
    Result<HostTensor> tensor = HostTensor::Make(arg.type);
    CHECK(tensor.ok()) << tensor.status();
    for (int64_t i = 0; i < arg.type.shape.elements(); ++i) {
      const uint32_t word = Philox4x32(
          {static_cast<uint32_t>(i), static_cast<uint32_t>(args.size()), 0, 0}, {1, 2})[0];
      if (arg.type.dtype == DType::kFloat64) {
        tensor->as<double>()[i] = static_cast<double>(UniformFloat(word)) - 0.5;
      } else if (arg.type.dtype == DType::kFloat32) {
        tensor->as<float>()[i] = UniformFloat(word) - 0.5f;
      } else {
        CHECK(arg.type.dtype == DType::kInt32) << arg.name;
        tensor->as<int32_t>()[i] = static_cast<int32_t>(word % labels);
      }
    }
    args.push_back(*std::move(tensor));
  }
  return args;
}

}  // namespace lockstep::graph
