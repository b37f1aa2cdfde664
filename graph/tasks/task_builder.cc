// SPDX-License-Identifier: Apache-2.0
#include "graph/tasks/task_builder.h"

#include <algorithm>

#include "ops/core/registry.h"
#include "ops/math/normal/normal.h"
#include "ops/math/stop_gradient/stop_gradient.h"

namespace lockstep::graph {
namespace {

Shape WithRows(int64_t rows, const Shape& row) {
  std::vector<int64_t> dims = {rows};
  dims.insert(dims.end(), row.dims().begin(), row.dims().end());
  return Shape(std::move(dims));
}

std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return text.empty() ? "nothing" : text;
}

}  // namespace

TaskBuilder::TaskBuilder(GraphBuilder* builder, ModelParts* model_parts, const TaskParts* task,
                         int64_t rows, bool training)
    : builder_(builder), model_parts_(model_parts), task_(task), rows_(rows), training_(training) {}

void TaskBuilder::Fail(const std::string& why) {
  builder_->Fail(InvalidArgument("the task '" + task_->task + "' " + why));
}

bool TaskBuilder::Given(Value value, const std::string& whose) {
  if (!ok()) return false;
  if (value.valid()) return true;
  Fail("has no value for " + whose + ": nothing of the name that it asked for was given");
  return false;
}

Value TaskBuilder::Argument(const std::string& name, ArgKind kind, const TensorType& type) {
  const auto& args = builder_->graph().args();
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i].name != name) continue;
    if (args[i].kind == kind) return builder_->graph().ArgValue(static_cast<int32_t>(i));
    Fail("calls both a tensor and a scalar '" + name + "'");
    return {};
  }
  return builder_->graph().AddArg(name, kind, type);
}

ops::Emitter* TaskBuilder::emit(std::string path) {
  builder_->SetPath(std::move(path));
  return builder_;
}

Value TaskBuilder::Input(std::string_view tensor) {
  if (!ok()) return {};
  std::vector<std::string> names;
  for (const InputTensor& input : task_->inputs) {
    names.push_back(input.name);
    if (input.name != tensor) continue;
    return Argument(input.name, ArgKind::kInput, {input.dtype, WithRows(rows_, input.row)});
  }
  Fail("reads the tensor '" + std::string(tensor) + "'; a batch has " + Listed(names));
  return {};
}

Value TaskBuilder::Scalar(std::string_view name) {
  if (!ok()) return {};
  if (!training_) {
    Fail("reads the scalar '" + std::string(name) +
         "' in an evaluation; scalars are numbers of a training step");
    return {};
  }
  return Argument(std::string(name), ArgKind::kScalar, {task_->precision, {}});
}

const NetworkSpec* TaskBuilder::FindNetwork(std::string_view name) {
  std::vector<std::string> names;
  for (const NetworkSpec& network : task_->networks) {
    if (network.name == name) return &network;
    names.push_back(network.name);
  }
  Fail("calls the network '" + std::string(name) + "'; it has " + Listed(names));
  return nullptr;
}

const Method* TaskBuilder::FindMethod(const NetworkSpec& network, std::string_view method) {
  if (const Method* found = network.model->FindMethod(method)) return found;
  std::vector<std::string> methods, models;
  for (const Method& one : network.model->methods) methods.emplace_back(one.name);
  for (const Model& model : Models()) {
    if (model.FindMethod(method) != nullptr) models.emplace_back(model.name);
  }
  Fail("calls the method '" + std::string(method) + "', and the model '" +
       std::string(network.model->name) + "' has " + Listed(methods) +
       "; models that have it: " + Listed(models));
  return nullptr;
}

Values TaskBuilder::Call(std::string_view network, std::string_view method, const Values& in) {
  if (!ok()) return {};
  const NetworkSpec* const spec = FindNetwork(network);
  if (spec == nullptr) return {};
  const Method* const found = FindMethod(*spec, method);
  if (found == nullptr) return {};
  for (const auto& [name, value] : in) {
    if (!Given(value, "'" + name + "', which the method '" + std::string(method) + "' takes")) {
      return {};
    }
  }
  // One network needs no name in the names of its parameters, which are then the model's own.
  Net net(builder_, model_parts_, task_->precision, training_);
  if (task_->networks.size() > 1) net = net / spec->name;
  model_parts_->network = spec->name;
  return found->build(net, in, spec->options.classes, spec->options.own);
}

Value TaskBuilder::Stop(Value value) {
  return Given(value, "Stop") ? ops::StopGradient(emit("stop"), value) : Value{};
}

ops::LossPair TaskBuilder::RecipeLoss(Value prediction, Value target, std::string_view kind) {
  if (!Given(prediction, "the prediction of its loss") ||
      !Given(target, "the target of its loss")) {
    return {};
  }
  if (task_->loss->target != kind) {
    std::vector<std::string> fitting;
    for (const auto& [name, loss] : ops::OpRegistry::Global().losses()) {
      if (loss.target == kind) fitting.push_back(name);
    }
    Fail("compares with a target '" + std::string(kind) + "', and the loss '" + task_->loss->name +
         "' with '" + task_->loss->target + "'; losses that fit: " + Listed(fitting));
    return {};
  }
  return task_->loss->build(emit("loss"), prediction, target, task_->loss_options, training_);
}

void TaskBuilder::Loss(const ops::LossPair& loss) {
  if (!Given(loss.numerator, "its loss") || !Given(loss.denominator, "its loss")) return;
  const TensorType number{DType::kFloat64, {}};
  if (loss_.numerator.valid() || builder_->TypeOf(loss.numerator) != number ||
      builder_->TypeOf(loss.denominator) != number) {
    Fail("gives a loss that is not one pair of f64 []");
    return;
  }
  loss_ = loss;
}

Value TaskBuilder::Normal(std::string name, const Shape& shape) {
  if (!ok()) return {};
  if (name.empty() || std::find(drawn_.begin(), drawn_.end(), name) != drawn_.end()) {
    Fail("draws normal deviates under the name '" + name +
         "' twice or without a name; expected a name of its own for each");
    return {};
  }
  drawn_.push_back(name);
  return ops::Normal(emit(std::move(name)), {task_->precision, shape},
                     training_ ? ops::kNormalPurpose : ops::kEvalPurpose);
}

bool IsMetricName(std::string_view name) {
  return !name.empty() &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

void TaskBuilder::Sum(std::string name, Value value) {
  if (!Given(value, "the sum '" + name + "'")) return;
  if (training_ && !IsMetricName(name)) {
    Fail("adds up '" + name + "'; expected lower-case letters, digits and '_'");
    return;
  }
  if (training_ && name == "loss") {
    Fail("adds up 'loss', which is the name of the loss itself; expected another name");
    return;
  }
  for (const auto& sum : sums_) {
    if (sum.first != name) continue;
    Fail("adds up two sums '" + name + "'; expected a name of its own for each");
    return;
  }
  const TensorType& type = builder_->TypeOf(value);
  if (type.dtype != DType::kInt64 && type.dtype != DType::kFloat64) {
    Fail("adds up '" + name + "', which is " + type.ToString() + "; expected i64 or f64");
    return;
  }
  sums_.emplace_back(std::move(name), value);
}

void TaskBuilder::PerSample(std::string name, Value value, Value count) {
  if (!Given(value, "'" + name + "' of every sample")) return;
  if (training_) {
    Fail("keeps '" + name + "' of every sample in training; expected that in an evaluation");
    return;
  }
  for (const SampleOutput& other : per_sample_) {
    if (other.name != name) continue;
    Fail("keeps two values '" + name + "' of every sample; expected a name of its own for each");
    return;
  }
  const TensorType& type = builder_->TypeOf(value);
  if (type.shape.rank() == 0 || type.shape[0] != rows_) {
    Fail("keeps '" + name + "' of every sample, which is " + type.ToString() +
         "; expected the rows of the batch, " + std::to_string(rows_) + ", as its first dimension");
    return;
  }
  const TensorType counts{DType::kInt32, {rows_}};
  if (count.valid() && (type.shape.rank() < 2 || builder_->TypeOf(count) != counts)) {
    Fail("counts the entries of '" + name + "', which is " + type.ToString() + ", by " +
         builder_->TypeOf(count).ToString() + "; expected " + counts.ToString() +
         ", and a value of rank 2 or more");
    return;
  }
  per_sample_.push_back({std::move(name), value, count});
}

}  // namespace lockstep::graph
