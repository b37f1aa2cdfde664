// SPDX-License-Identifier: Apache-2.0
// Net: where model code stands while it builds a graph. It carries the builder, the scope path and
// whether this is training; layers create their parameters through it, named by scope
// ("layer1/0/conv1" + "weight" -> "layer1.0.conv1.weight").
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/shape.h"
#include "graph/ir/builder.h"
#include "graph/nn/parameter_patterns.h"

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
  std::string network;  // the one of the task that has it
  ParameterKind kind = ParameterKind::kWeight;
};

// The running statistics of one batch normalisation: two vectors of `channels`.
struct RunningStatistics {
  std::string path;  // files name them FileName(path, "running_mean") and (path, "running_var")
  int64_t channels = 0;
  double momentum = 0.1;
  // How often a phase calls this norm: each call is an update of its own, in their order. Of a
  // program: the most of any phase.
  int32_t calls = 1;
};

// One call of a batch normalisation in training.
struct NormCall {
  std::string path;       // CallPath
  int64_t positions = 0;  // elements per channel of one sample: H W
};

// "layer1/0/bn1" + "weight" -> "layer1.0.bn1.weight".
std::string FileName(std::string_view path, std::string_view leaf);

// How a scope is called for the time `call` (from 0) where that makes a difference: "path",
// "path#1".
std::string CallPath(std::string_view path, int32_t call);

// What building a model leaves behind beside the graph.
struct ModelParts {
  std::string network;  // whose parameters are created now
  // Batch norms of which these have the parameters normalise by the running statistics in training
  // too, and leave them as they are. Null: none does.
  const FrozenParameters* frozen_norms = nullptr;
  std::vector<Parameter> parameters;  // in order of creation
  std::vector<Value> parameter_values;
  std::vector<RunningStatistics> running;
  // Training only, one for each call of a batch norm, and what it gave.
  std::vector<NormCall> norm_calls;
  std::vector<Value> batch_means, batch_variances;
  std::map<std::string, int32_t, std::less<>> random_calls;  // how often a scope drew numbers
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
  // The emitter for an op that draws random numbers: each call of a scope has a stream of its own.
  GraphBuilder* EmitRandom() const;
  // Whether the batch norm of this scope takes the statistics of the batch: in training, unless it
  // is frozen.
  bool norm_learns() const;
  // Says that this scope normalises by the statistics of the batch, or by the running ones.
  void NoteNorm(int64_t channels, int64_t positions, double momentum) const;

  // Creates a parameter. Where this scope has one of that name, as it has when a layer is called
  // again, it is that one. `file_axes` empty: the file's order is the memory's. Where files state a
  // matrix and `shape` has more axes, the parameter is that matrix too, in memory's order.
  Value Param(std::string_view leaf, const Shape& shape, Initializer init, Shape file_shape = {},
              std::vector<int64_t> file_axes = {}) const;
  // The scale or the shift of a normalisation, a vector.
  Value NormParam(std::string_view leaf, int64_t channels, double init) const;
  // The state of that name of this scope, which every call of it reads.
  Value State(std::string_view leaf, const TensorType& type) const;
  ModelParts* parts() const { return parts_; }

 private:
  Value Create(Parameter parameter) const;

  GraphBuilder* builder_;
  ModelParts* parts_;
  DType precision_;
  bool training_;
  std::string path_;
};

}  // namespace lockstep::graph
