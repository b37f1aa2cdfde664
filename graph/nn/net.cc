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

Value Net::Param(std::string_view leaf, const Shape& shape, Initializer init, Shape file_shape,
                 std::vector<int64_t> file_axes) const {
  if (!ok()) return {};
  const bool flat = file_shape.rank() == 2 && shape.rank() > 2;
  Parameter parameter{FileName(path_, leaf),
                      {precision_, flat ? file_shape : shape},
                      shape,
                      std::move(file_shape),
                      std::move(file_axes),
                      init};
  if (parameter.file_axes.empty()) {
    parameter.file_axes.resize(static_cast<size_t>(shape.rank()));
    std::iota(parameter.file_axes.begin(), parameter.file_axes.end(), int64_t{0});
    parameter.file_shape = shape;
  }
  for (const Parameter& other : parts_->parameters) {
    if (other.name == parameter.name) {
      Fail("a second parameter named '" + parameter.name + "'; layers need different scopes");
      return {};
    }
  }
  const Value v = builder_->graph().AddArg(parameter.name, ArgKind::kParameter, parameter.type);
  parts_->parameters.push_back(std::move(parameter));
  parts_->parameter_values.push_back(v);
  return v;
}

}  // namespace lockstep::graph
