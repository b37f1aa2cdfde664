// SPDX-License-Identifier: Apache-2.0
#include "graph/ir/evaluate.h"

#include <cstring>

#include "base/check.h"

namespace lockstep::graph {

Result<HostTensor> HostTensor::Make(const TensorType& type) {
  const auto bytes = static_cast<size_t>(type.bytes());
  ASSIGN_OR_RETURN(AlignedBuffer memory, AlignedBuffer::Make(bytes));
  if (bytes > 0) std::memset(memory.data(), 0xff, bytes);
  return HostTensor{type, std::make_shared<AlignedBuffer>(std::move(memory))};
}

bool SameBits(const HostTensor& a, const HostTensor& b) {
  if (a.type != b.type) return false;
  const auto bytes = static_cast<size_t>(a.type.bytes());
  return bytes == 0 || std::memcmp(a.data(), b.data(), bytes) == 0;
}

Result<std::vector<HostTensor>> EvaluateNode(const ops::NodeSpec& node,
                                             std::span<const HostTensor> in,
                                             const ops::StepHeader& step) {
  std::vector<const void*> read;
  std::vector<void*> written;
  std::vector<HostTensor> out;
  for (const HostTensor& tensor : in) read.push_back(tensor.data());
  for (const TensorType& type : node.out) {
    ASSIGN_OR_RETURN(HostTensor tensor, HostTensor::Make(type));
    written.push_back(tensor.data());
    out.push_back(std::move(tensor));
  }
  AlignedBuffer workspace;
  if (node.op->reference_workspace) {
    const auto bytes = static_cast<size_t>(node.op->reference_workspace(node));
    ASSIGN_OR_RETURN(workspace, AlignedBuffer::Make(bytes));
  }
  const ops::RunArgs run{read, written, workspace.data(), &step};
  const auto& reference =
      ops::ComputeType(node) == DType::kFloat64 ? node.op->reference_f64 : node.op->reference_f32;
  reference(ops::ReferenceArgs{node, run});
  return out;
}

Result<std::map<std::string, HostTensor>> EvaluateGraph(const Graph& graph,
                                                        std::span<const HostTensor> args,
                                                        const ops::StepHeader& step) {
  CHECK_EQ(args.size(), graph.args().size()) << "arguments of graph " << graph.name();
  std::vector<HostTensor> values(static_cast<size_t>(graph.value_count()));
  for (size_t i = 0; i < args.size(); ++i) {
    CHECK(args[i].type == graph.args()[i].type) << graph.args()[i].name;
    values[static_cast<size_t>(graph.ArgValue(static_cast<int32_t>(i)).id)] = args[i];
  }
  for (const Node& node : graph.nodes()) {
    std::vector<HostTensor> in;
    for (Value v : node.in) in.push_back(values[static_cast<size_t>(v.id)]);
    ASSIGN_OR_RETURN(std::vector<HostTensor> out, EvaluateNode(graph.SpecOf(node), in, step));
    for (size_t k = 0; k < out.size(); ++k) {
      values[static_cast<size_t>(node.out[k].id)] = std::move(out[k]);
    }
  }
  std::map<std::string, HostTensor> results;
  for (const NamedResult& result : graph.results()) {
    results.emplace(result.name, values[static_cast<size_t>(result.value.id)]);
  }
  return results;
}

}  // namespace lockstep::graph
