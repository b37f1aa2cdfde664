// SPDX-License-Identifier: Apache-2.0
// TaskBuilder: what a task writes its graphs with. It takes the tensors of a batch by name, calls
// the networks, and says which values are the loss and which are added up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/ir/builder.h"
#include "graph/models/models.h"
#include "graph/nn/net.h"
#include "graph/nn/values.h"
#include "ops/core/loss.h"

namespace lockstep::graph {

// A network of a run: a model under the name by which the task calls it.
struct NetworkSpec {
  std::string name;
  const Model* model = nullptr;  // lives as long as the process
  ModelOptions options;          // complete
};

// A tensor that every batch has: rows of `row`, which may be empty for a number.
struct InputTensor {
  std::string name;
  DType dtype = DType::kFloat32;
  Shape row;
};

// What the graphs of a task are made of, the same in training and evaluation but for sizes.
struct TaskParts {
  std::string task;  // for messages
  std::vector<NetworkSpec> networks;
  std::vector<InputTensor> inputs;
  DType precision = DType::kFloat32;
  const ops::Loss* loss = nullptr;  // the recipe's
  Attrs loss_options;               // complete
  Attrs task_options;               // the task's own, complete
};

// The most bytes that all sums of training may have, of a lane.
inline constexpr int64_t kMostStepSums = 4096;

// Whether a metric may be called that: lower-case letters, digits and '_'.
bool IsMetricName(std::string_view name);

class TaskBuilder {
 public:
  // `builder`, `model_parts` and `task` outlive this.
  TaskBuilder(GraphBuilder* builder, ModelParts* model_parts, const TaskParts* task, int64_t rows,
              bool training);

  const std::string& task() const { return task_->task; }
  int64_t rows() const { return rows_; }
  bool training() const { return training_; }
  // What the recipe says of the task (Task::options), complete.
  const Attrs& options() const { return task_->task_options; }
  // Says why the graph cannot be made: "the task 'NAME' " and then `why`, with the remedy.
  void Fail(const std::string& why);
  // Requires a valid value.
  const TensorType& TypeOf(Value value) const { return builder_->TypeOf(value); }
  // The emitter, with `path` as the path of what it emits.
  ops::Emitter* emit(std::string path);

  // The tensor of the batch, its first axis the rows. A failure lists the tensors there are.
  Value Input(std::string_view tensor);
  // A number of type [] that the task computes anew for each step (Task::ScalarAt); of training
  // only.
  Value Scalar(std::string_view name);
  // Standard normal deviates in the run's precision, anew in every step and lane, or batch of an
  // evaluation (ops/math/normal). The name is the key: no other has it in this phase, and another
  // phase that draws under it gets the same numbers.
  Value Normal(std::string name, const Shape& shape);
  // Calls a method of a network. Each further call uses the same parameters.
  Values Call(std::string_view network, std::string_view method, const Values& in);
  // The value itself, to which and through which no gradient flows.
  Value Stop(Value value);
  // The loss that the recipe names, of what a network gives and the target it is compared with.
  // `kind` is the kind of that target: a loss for another kind is a failure.
  ops::LossPair RecipeLoss(Value prediction, Value target, std::string_view kind);

  // The loss of this phase, or of an evaluation: f64 [] each, once.
  void Loss(const ops::LossPair& loss);
  // A tensor, i64 or f64, of any small shape that does not depend on the number of rows, under a
  // name of its own. Its elements are added up by the canonical sum over lanes. In training they
  // are those of a step, at most kMostStepSums bytes a lane in all phases together, and
  // Task::MeasureStep says what people are shown of them. In evaluations they are those of a split,
  // and f64 is added in the order of batches within a lane; Task::Measure makes metrics of them.
  void Sum(std::string name, Value value);

  // A value of every sample, [N, ...], that Task::Score makes bytes of, under a name of its own. Of
  // evaluations only. `count`, i32 [N], says how many entries of a row's first dimension count:
  // `value` is then of rank 2 or more.
  void PerSample(std::string name, Value value, Value count = {});

  // What the task has said. The loss is invalid after a failure of the builder.
  const ops::LossPair& loss() const { return loss_; }
  const std::vector<std::pair<std::string, Value>>& sums() const { return sums_; }
  struct SampleOutput {
    std::string name;
    Value value, count;
  };
  const std::vector<SampleOutput>& per_sample() const { return per_sample_; }

 private:
  bool ok() const { return builder_->status().ok(); }
  // Whether the value is one; a failure that says who asked for it otherwise.
  bool Given(Value value, const std::string& whose);
  // The argument of that name and kind, which is added where there is none.
  Value Argument(const std::string& name, ArgKind kind, const TensorType& type);
  const NetworkSpec* FindNetwork(std::string_view name);
  const Method* FindMethod(const NetworkSpec& network, std::string_view method);

  GraphBuilder* builder_;
  ModelParts* model_parts_;
  const TaskParts* task_;
  int64_t rows_;
  bool training_;
  ops::LossPair loss_;
  std::vector<std::pair<std::string, Value>> sums_;
  std::vector<SampleOutput> per_sample_;
  std::vector<std::string> drawn_;  // names of Normal
};

}  // namespace lockstep::graph
