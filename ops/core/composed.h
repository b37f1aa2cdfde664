// SPDX-License-Identifier: Apache-2.0
// The composed form of a fused op: the nodes its `expand` emits. It is what the fused op means (its
// reference kernel runs it), what the fuse pass looks for, and what a plan falls back to.
#pragma once

#include <vector>

#include "ops/core/op.h"
#include "ops/core/registry.h"

namespace lockstep::ops {

struct ComposedNode {
  NodeSpec spec;
  std::vector<Value> in, out;
};

// Values 0 .. inputs-1 are the fused node's inputs; then the outputs of the nodes, in order.
struct Composition {
  std::vector<TensorType> types;  // by value
  std::vector<ComposedNode> nodes;
  std::vector<Value> results;  // the fused node's outputs
};

// The composed form. Requires an op with `expand`, and input types that its shape rule takes.
Composition Compose(const OpRegistry& registry, const Op& op, const Attrs& attrs,
                    const std::vector<TensorType>& in, const std::string& path);

// Makes the composed form the reference of a fused op.
void SetComposedReference(const OpRegistry* registry, Op* op);

}  // namespace lockstep::ops
