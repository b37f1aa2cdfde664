// SPDX-License-Identifier: Apache-2.0
// Graph: a static, typed, straight-line program of ops in SSA form. Values are numbered in order of
// creation; a node reads only values created before it, so the order of nodes is an order to run
// them in. Specification of the text form: graph/ir/spec.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/shape.h"
#include "base/status.h"
#include "ops/core/op.h"

namespace lockstep::graph {

using ops::Value;

// Where an argument's memory comes from. Only parameters are differentiated.
enum class ArgKind : uint8_t {
  kInput,      // a batch from the loader
  kParameter,  // a trained tensor
  kState,      // running statistics, optimizer slots
  kScalar,     // learning rate and the like, computed on the host
};

struct Arg {
  std::string name;
  ArgKind kind = ArgKind::kInput;
  TensorType type;
  bool operator==(const Arg&) const = default;
};

struct Node {
  const ops::Op* op = nullptr;
  Attrs attrs;
  std::vector<Value> in, out;
  std::string path;         // scope path of the layer: names it in errors, keys its random stream
  bool recomputed = false;  // a copy of an earlier node, run again to save memory
  bool operator==(const Node&) const = default;
};

struct NamedResult {
  std::string name;
  Value value;
  bool operator==(const NamedResult&) const = default;
};

class Graph {
 public:
  explicit Graph(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  const std::vector<Arg>& args() const { return args_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<NamedResult>& results() const { return results_; }
  int32_t value_count() const { return static_cast<int32_t>(values_.size()); }

  const TensorType& TypeOf(Value v) const { return ValueOf(v).type; }
  // The node that makes the value, or -1 for an argument (then ArgOf).
  int32_t ProducerOf(Value v) const { return ValueOf(v).node; }
  int32_t ArgOf(Value v) const { return ValueOf(v).arg; }
  Value ArgValue(int32_t arg) const { return arg_values_[static_cast<size_t>(arg)]; }

  Value AddArg(std::string name, ArgKind kind, TensorType type);
  // Infers the output types; a failure names the layer and the op and leaves the graph unchanged.
  Result<std::vector<Value>> AddNode(const ops::Op* op, Attrs attrs, std::span<const Value> in,
                                     std::string path, bool recomputed = false);
  void AddResult(std::string name, Value value);
  const NamedResult* FindResult(std::string_view name) const;

  // A node as kernels see it.
  ops::NodeSpec SpecOf(const Node& node) const;

  bool operator==(const Graph&) const = default;

 private:
  struct ValueInfo {
    TensorType type;
    int32_t node = -1;
    int32_t arg = -1;
    bool operator==(const ValueInfo&) const = default;
  };
  const ValueInfo& ValueOf(Value v) const;
  Value NewValue(TensorType type, int32_t node, int32_t arg);

  std::string name_;
  std::vector<Arg> args_;
  std::vector<Value> arg_values_;
  std::vector<Node> nodes_;
  std::vector<NamedResult> results_;
  std::vector<ValueInfo> values_;
};

}  // namespace lockstep::graph
