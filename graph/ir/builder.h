// SPDX-License-Identifier: Apache-2.0
// GraphBuilder: the Emitter that adds nodes to a graph. It keeps the first failure: model
// code and gradients stay free of checks, and the status is read once at the end.
#pragma once

#include <string>

#include "graph/ir/graph.h"
#include "ops/core/registry.h"

namespace lockstep::graph {

class GraphBuilder : public ops::Emitter {
 public:
  explicit GraphBuilder(std::string name,
                        const ops::OpRegistry& registry = ops::OpRegistry::Global())
      : graph_(std::move(name)), registry_(registry) {}

  const TensorType& TypeOf(Value value) const override { return graph_.TypeOf(value); }
  std::vector<Value> Emit(std::string_view op, Attrs attrs, std::span<const Value> inputs) override;

  // Sets the path that is given to nodes emitted from now on.
  void SetPath(std::string path) { path_ = std::move(path); }
  const std::string& path() const { return path_; }

  // Keeps the failure unless there is one already.
  void Fail(Status status);
  const Status& status() const { return status_; }

  Graph& graph() { return graph_; }
  const Graph& graph() const { return graph_; }
  // The finished graph, or the first failure.
  Result<Graph> Finish() &&;

 private:
  Graph graph_;
  const ops::OpRegistry& registry_;
  std::string path_;
  Status status_;
};

}  // namespace lockstep::graph
