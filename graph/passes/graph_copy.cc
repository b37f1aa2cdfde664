// SPDX-License-Identifier: Apache-2.0
#include "graph/passes/graph_copy.h"

#include "base/check.h"

namespace lockstep::graph {

std::vector<Value> GraphCopy::Renamed(const std::vector<Value>& old) const {
  std::vector<Value> now;
  for (Value v : old) now.push_back(Renamed(v));
  return now;
}

std::vector<Value> GraphCopy::AddNode(const Node& node, const std::vector<Value>& in,
                                      bool recomputed) {
  Result<std::vector<Value>> out = to_.AddNode(node.op, node.attrs, in, node.path, recomputed);
  CHECK(out.ok()) << out.status();
  return *std::move(out);
}

void GraphCopy::CopyNode(const Node& node) {
  const std::vector<Value> out = AddNode(node, Renamed(node.in), node.recomputed);
  for (size_t k = 0; k < out.size(); ++k) Rename(node.out[k], out[k]);
}

void GraphCopy::CopyArg(Value v, int32_t arg) {
  const Arg& a = from_.args()[static_cast<size_t>(arg)];
  Rename(v, to_.AddArg(a.name, a.kind, a.type));
}

Rewritten GraphCopy::Finish() && {
  for (const NamedResult& result : from_.results()) {
    CHECK(Renamed(result.value).valid()) << "result " << result.name << " is gone";
    to_.AddResult(result.name, Renamed(result.value));
  }
  return {std::move(to_), std::move(renamed_)};
}

}  // namespace lockstep::graph
