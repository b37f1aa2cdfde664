// SPDX-License-Identifier: Apache-2.0
// Emitter: the small interface against which builders and gradients of ops are written. The graph
// implements it by adding nodes, so ops never see a graph.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/options/attrs.h"
#include "base/shape.h"

namespace lockstep::ops {

// A handle to a value of the graph being built. Invalid after an error: ops on invalid values do
// nothing, and the emitter remembers the first failure.
struct Value {
  int32_t id = -1;
  bool valid() const { return id >= 0; }
  bool operator==(const Value&) const = default;
};

class Emitter {
 public:
  virtual ~Emitter() = default;
  // Requires a valid value.
  virtual const TensorType& TypeOf(Value value) const = 0;
  // Adds a node; returns its outputs, all invalid when an input is invalid or the shapes are
  // impossible (the emitter keeps the status, which names the layer).
  virtual std::vector<Value> Emit(std::string_view op, Attrs attrs,
                                  std::span<const Value> inputs) = 0;

  // Adds a node of an op with one output, and returns that.
  Value Emit1(std::string_view op, Attrs attrs, std::initializer_list<Value> inputs) {
    return Emit(op, std::move(attrs), std::span<const Value>(inputs.begin(), inputs.size()))[0];
  }
};

}  // namespace lockstep::ops
