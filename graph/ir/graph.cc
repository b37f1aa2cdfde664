// SPDX-License-Identifier: Apache-2.0
#include "graph/ir/graph.h"

#include "base/check.h"

namespace lockstep::graph {

const Graph::ValueInfo& Graph::ValueOf(Value v) const {
  CHECK_GE(v.id, 0) << "in graph " << name_;
  CHECK_LT(v.id, value_count()) << "in graph " << name_;
  return values_[static_cast<size_t>(v.id)];
}

Value Graph::NewValue(TensorType type, int32_t node, int32_t arg) {
  values_.push_back({std::move(type), node, arg});
  return Value{value_count() - 1};
}

Value Graph::AddArg(std::string name, ArgKind kind, TensorType type) {
  const Value v = NewValue(type, -1, static_cast<int32_t>(args_.size()));
  args_.push_back({std::move(name), kind, std::move(type)});
  arg_values_.push_back(v);
  return v;
}

Result<std::vector<Value>> Graph::AddNode(const ops::Op* op, Attrs attrs, std::span<const Value> in,
                                          std::string path, bool recomputed) {
  std::vector<TensorType> in_types;
  in_types.reserve(in.size());
  for (Value v : in) in_types.push_back(TypeOf(v));
  Status attrs_ok = op->check_attrs(attrs);
  Result<ops::TensorTypes> out_types =
      attrs_ok.ok() ? op->infer(attrs, in_types) : Result<ops::TensorTypes>(attrs_ok);
  if (!out_types.ok()) {
    return out_types.status().WithContext("layer '" + (path.empty() ? "(top)" : path) + "', " +
                                          op->name);
  }
  Node node{op, std::move(attrs), {in.begin(), in.end()}, {}, std::move(path), recomputed};
  const int32_t index = static_cast<int32_t>(nodes_.size());
  for (TensorType& type : *out_types) node.out.push_back(NewValue(std::move(type), index, -1));
  nodes_.push_back(std::move(node));
  return nodes_.back().out;
}

void Graph::AddResult(std::string name, Value value) {
  CHECK(FindResult(name) == nullptr) << "two results named " << name << " in graph " << name_;
  CHECK_LT(value.id, value_count());
  results_.push_back({std::move(name), value});
}

const NamedResult* Graph::FindResult(std::string_view name) const {
  for (const NamedResult& result : results_) {
    if (result.name == name) return &result;
  }
  return nullptr;
}

ops::NodeSpec Graph::SpecOf(const Node& node) const {
  ops::NodeSpec spec{node.op, node.attrs, {}, {}, node.path};
  for (Value v : node.in) spec.in.push_back(TypeOf(v));
  for (Value v : node.out) spec.out.push_back(TypeOf(v));
  return spec;
}

}  // namespace lockstep::graph
