// SPDX-License-Identifier: Apache-2.0
// Net: where model code stands while it builds a graph. It carries the builder, the scope path and
// whether this is training; layers create their parameters through it, named by scope
// ("layer1/0/conv1" + "weight" -> "layer1.0.conv1.weight").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/shape.h"
#include "graph/ir/builder.h"

namespace lockstep::graph {

struct Initializer {
  enum class Kind : uint8_t { kConstant, kUniform, kNormal };
  Kind kind = Kind::kConstant;
  // kConstant: the value; kUniform: half-width b of U(-b, b); kNormal: standard deviation, mean 0
  double value = 0.0;
};

// A trained tensor. In memory a weight is row-major K R S C; files hold torchvision's name, shape
// and order of elements.
struct Parameter {
  std::string name;
  TensorType type;   // in memory
  Shape axes;        // type's shape, its axes apart: linear layers on images flatten it
  Shape file_shape;  // as files state it
  std::vector<int64_t> file_axes;  // axis i of the file's order is axis file_axes[i] of `axes`
  Initializer init;
};

// The running statistics of one batch normalisation: two vectors of `channels`.
struct RunningStatistics {
  std::string path;  // files name them FileName(path, "running_mean") and (path, "running_var")
  int64_t channels = 0;
  int64_t positions = 0;  // elements per channel of one sample: H W
  double momentum = 0.1;
};

// "layer1/0/bn1" + "weight" -> "layer1.0.bn1.weight".
std::string FileName(std::string_view path, std::string_view leaf);

// What building a model leaves behind beside the graph.
struct ModelParts {
  std::vector<Parameter> parameters;  // in order of creation
  std::vector<Value> parameter_values;
  std::vector<RunningStatistics> running;
  std::vector<Value> batch_means, batch_variances;  // training only, one for each RunningStatistics
};

class Net {
 public:
  Net(GraphBuilder* builder, ModelParts* parts, DType precision, bool training)
      : builder_(builder), parts_(parts), precision_(precision), training_(training) {}

  // The scope below this one.
  Net operator/(std::string_view child) const;

  bool training() const { return training_; }
  DType precision() const { return precision_; }
  const std::string& path() const { return path_; }
  const TensorType& TypeOf(Value v) const { return builder_->TypeOf(v); }
  bool ok() const { return builder_->status().ok(); }
  // Records that this layer cannot be built; `why` names the value and what was expected.
  void Fail(const std::string& why) const;

  // The emitter, with this scope as the path of what it emits.
  GraphBuilder* Emit() const;

  // Creates a parameter; `file_axes` empty: the file's order is the memory's. Where files state a
  // matrix and `shape` has more axes, the parameter is that matrix too, in memory's order.
  Value Param(std::string_view leaf, const Shape& shape, Initializer init, Shape file_shape = {},
              std::vector<int64_t> file_axes = {}) const;
  ModelParts* parts() const { return parts_; }

 private:
  GraphBuilder* builder_;
  ModelParts* parts_;
  DType precision_;
  bool training_;
  std::string path_;
};

}  // namespace lockstep::graph
