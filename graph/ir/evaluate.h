// SPDX-License-Identifier: Apache-2.0
// Evaluation: runs nodes by their reference kernels one after another, every value in memory of its
// own. This is what a graph means, in the simplest and slowest way. Folding uses it for constants,
// tests use it as the oracle of every pass.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "graph/ir/graph.h"

namespace lockstep::graph {

// A tensor in host memory. Copies share the memory.
struct HostTensor {
  TensorType type;
  std::shared_ptr<AlignedBuffer> memory;

  // A tensor with every bit set, which is NaN in floating-point types.
  static Result<HostTensor> Make(const TensorType& type);
  void* data() const { return memory->data(); }
  template <typename T>
  T* as() const {
    return static_cast<T*>(data());
  }
};

// Whether type and bytes are equal.
bool SameBits(const HostTensor& a, const HostTensor& b);

// Computes the node's outputs.
Result<std::vector<HostTensor>> EvaluateNode(const ops::NodeSpec& node,
                                             std::span<const HostTensor> in,
                                             const ops::StepHeader& step = {});

// Computes the results, by name, from one tensor per argument.
Result<std::map<std::string, HostTensor>> EvaluateGraph(const Graph& graph,
                                                        std::span<const HostTensor> args,
                                                        const ops::StepHeader& step = {});

}  // namespace lockstep::graph
