// SPDX-License-Identifier: Apache-2.0
#include "graph/nn/net.h"

#include <algorithm>
#include <numeric>

namespace lockstep::graph {

Net Net::operator/(std::string_view child) const {
  Net below = *this;
  below.path_ += (path_.empty() ? "" : "/") + std::string(child);
  return below;
}

std::string FileName(std::string_view path, std::string_view leaf) {
  std::string name(path);
  std::replace(name.begin(), name.end(), '/', '.');
  if (name.empty()) return std::string(leaf);
  return name.append(".").append(leaf);
}

void Net::Fail(const std::string& why) const {
  builder_->Fail(InvalidArgument("layer '" + path_ + "': " + why));
}

GraphBuilder* Net::Emit() const {
  builder_->SetPath(path_);
  return builder_;
}

std::string CallPath(std::string_view path, int32_t call) {
  return call == 0 ? std::string(path) : std::string(path) + "#" + std::to_string(call);
}

GraphBuilder* Net::EmitRandom() const {
  builder_->SetPath(CallPath(path_, parts_->random_calls[path_]++));
  return builder_;
}

bool Net::norm_learns() const {
  if (!training_) return false;
  return parts_->frozen_norms == nullptr ||
         !parts_->frozen_norms->Has(FileName(path_, "weight"), ParameterKind::kNorm);
}

void Net::NoteNorm(int64_t channels, int64_t positions, double momentum) const {
  const auto same = [&](const RunningStatistics& known) { return known.path == path_; };
  const auto known = std::find_if(parts_->running.begin(), parts_->running.end(), same);
  const int32_t call = known == parts_->running.end() ? 0 : known->calls++;
  if (call == 0) parts_->running.push_back({path_, channels, momentum, /*calls=*/1});
  if (norm_learns()) parts_->norm_calls.push_back({CallPath(path_, call), positions});
}

Value Net::State(std::string_view leaf, const TensorType& type) const {
  const std::string name = path_ + std::string(leaf);
  Graph& graph = builder_->graph();
  for (size_t i = 0; i < graph.args().size(); ++i) {
    if (graph.args()[i].name == name) return graph.ArgValue(static_cast<int32_t>(i));
  }
  return graph.AddArg(name, ArgKind::kState, type);
}

Value Net::Param(std::string_view leaf, const Shape& shape, Initializer init, Shape file_shape,
                 std::vector<int64_t> file_axes) const {
  if (!ok()) return {};
  const bool flat = file_shape.rank() == 2 && shape.rank() > 2;
  Parameter parameter{FileName(path_, leaf),
                      {precision_, flat ? file_shape : shape},
                      shape,
                      std::move(file_shape),
                      std::move(file_axes),
                      init,
                      parts_->network,
                      leaf == "bias" ? ParameterKind::kBias : ParameterKind::kWeight};
  if (parameter.file_axes.empty()) {
    parameter.file_axes.resize(static_cast<size_t>(shape.rank()));
    std::iota(parameter.file_axes.begin(), parameter.file_axes.end(), int64_t{0});
    parameter.file_shape = shape;
  }
  return Create(std::move(parameter));
}

Value Net::NormParam(std::string_view leaf, int64_t channels, double init) const {
  if (!ok()) return {};
  return Create({FileName(path_, leaf),
                 {precision_, {channels}},
                 {channels},
                 {channels},
                 {0},
                 {Initializer::Kind::kConstant, init},
                 parts_->network,
                 ParameterKind::kNorm});
}

Value Net::Create(Parameter parameter) const {
  for (size_t i = 0; i < parts_->parameters.size(); ++i) {
    const Parameter& known = parts_->parameters[i];
    if (known.name != parameter.name) continue;
    if (known.type == parameter.type && known.axes == parameter.axes) {
      return parts_->parameter_values[i];
    }
    Fail("the parameter '" + parameter.name + "' is " + known.type.ToString() +
         " where this scope was called before, and " + parameter.type.ToString() +
         " here; layers of other sizes need scopes of their own");
    return {};
  }
  const Value v = builder_->graph().AddArg(parameter.name, ArgKind::kParameter, parameter.type);
  parts_->parameters.push_back(std::move(parameter));
  parts_->parameter_values.push_back(v);
  return v;
}

}  // namespace lockstep::graph
