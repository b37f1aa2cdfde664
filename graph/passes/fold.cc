// SPDX-License-Identifier: Apache-2.0
#include "graph/passes/fold.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>

#include "base/check.h"
#include "graph/ir/evaluate.h"
#include "ops/math/fill/fill.h"

namespace lockstep::graph {
namespace {

template <typename T>
std::optional<double> UniformOf(const HostTensor& tensor) {
  const int64_t n = tensor.type.shape.elements();
  const T* x = tensor.as<T>();
  if (n == 0 || !std::isfinite(x[0])) return std::nullopt;
  for (int64_t i = 1; i < n; ++i) {
    if (std::memcmp(&x[i], &x[0], sizeof(T)) != 0) return std::nullopt;
  }
  return static_cast<double>(x[0]);
}

// The number that all elements are, or none.
std::optional<double> Uniform(const HostTensor& tensor) {
  if (tensor.type.dtype == DType::kFloat32) return UniformOf<float>(tensor);
  if (tensor.type.dtype == DType::kFloat64) return UniformOf<double>(tensor);
  return std::nullopt;
}

HostTensor Filled(const TensorType& type, double value) {
  Result<HostTensor> tensor = HostTensor::Make(type);
  CHECK(tensor.ok()) << tensor.status();
  const int64_t n = type.shape.elements();
  if (type.dtype == DType::kFloat64) {
    std::fill_n(tensor->as<double>(), n, value);
  } else {
    std::fill_n(tensor->as<float>(), n, static_cast<float>(value));
  }
  return *std::move(tensor);
}

class Folder {
 public:
  Folder(const Graph& graph, const ops::OpRegistry& registry)
      : graph_(graph), fill_(registry.Find("fill")), copy_(graph) {}

  Rewritten Run() {
    copy_.ForEachNode([&](size_t i) {
      const Node& node = graph_.nodes()[i];
      const std::vector<double> values = Fold(node);
      for (size_t k = 0; k < values.size(); ++k) constant_[node.out[k].id] = values[k];
      if (values.empty() || node.op == fill_) {
        copy_.CopyNode(node);
      } else {
        for (size_t k = 0; k < values.size(); ++k) EmitFill(node, k, values[k]);
      }
    });
    return std::move(copy_).Finish();
  }

 private:
  // One number an output, or none at all.
  std::vector<double> Fold(const Node& node) const {
    const ops::NodeSpec spec = graph_.SpecOf(node);
    int64_t elements = 0;
    for (const TensorType& type : spec.in) elements += type.shape.elements();
    for (const TensorType& type : spec.out) elements += type.shape.elements();
    const auto is_constant = [&](Value v) { return constant_.contains(v.id); };
    if (fill_ == nullptr || node.op->random_streams > 0 || elements > kMostFoldedElements ||
        !std::all_of(node.in.begin(), node.in.end(), is_constant)) {
      return {};
    }
    std::vector<HostTensor> in;
    for (Value v : node.in) in.push_back(Filled(graph_.TypeOf(v), constant_.at(v.id)));
    const Result<std::vector<HostTensor>> out = EvaluateNode(spec, in);
    CHECK(out.ok()) << out.status();
    std::vector<double> values;
    for (const HostTensor& tensor : *out) {
      const std::optional<double> value = Uniform(tensor);
      if (!value) return {};
      values.push_back(*value);
    }
    return values;
  }

  void EmitFill(const Node& node, size_t k, double value) {
    const TensorType& type = graph_.TypeOf(node.out[k]);
    const Attrs attrs =
        Pack(ops::FillAttrs{value, type.shape.dims(), std::string(DTypeName(type.dtype))});
    const Result<std::vector<Value>> out = copy_.to().AddNode(fill_, attrs, {}, node.path);
    CHECK(out.ok()) << out.status();
    copy_.Rename(node.out[k], (*out)[0]);
  }

  const Graph& graph_;
  const ops::Op* fill_;
  GraphCopy copy_;
  std::map<int32_t, double> constant_;  // by value id of the old graph
};

}  // namespace

Rewritten FoldConstants(const Graph& graph, const ops::OpRegistry& registry) {
  return Folder(graph, registry).Run();
}

}  // namespace lockstep::graph
