// SPDX-License-Identifier: Apache-2.0
#include "graph/ir/builder.h"

#include "base/check.h"

namespace lockstep::graph {

std::vector<Value> GraphBuilder::Emit(std::string_view op_name, Attrs attrs,
                                      std::span<const Value> inputs) {
  // Enough invalid values for any op: callers index them before they look at the status.
  constexpr size_t kMostOutputs = 8;
  const std::vector<Value> nothing(kMostOutputs);
  if (!status_.ok()) return nothing;
  const ops::Op* op = registry_.Find(op_name);
  CHECK(op != nullptr) << "no op is named " << op_name;
  for (Value v : inputs) {
    CHECK(v.valid()) << "an invalid value without a failure, op " << op_name << " at " << path_;
  }
  Result<std::vector<Value>> out = graph_.AddNode(op, std::move(attrs), inputs, path_);
  if (!out.ok()) {
    Fail(out.status());
    return nothing;
  }
  return *std::move(out);
}

void GraphBuilder::Fail(Status status) {
  if (status_.ok()) status_ = std::move(status);
}

Result<Graph> GraphBuilder::Finish() && {
  if (!status_.ok()) return status_;
  return std::move(graph_);
}

}  // namespace lockstep::graph
