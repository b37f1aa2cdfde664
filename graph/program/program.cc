// SPDX-License-Identifier: Apache-2.0
#include "graph/program/program.h"

#include <algorithm>

#include "base/suggest.h"
#include "graph/autodiff/autodiff.h"
#include "graph/ir/builder.h"
#include "graph/passes/common_subexpressions.h"
#include "graph/passes/fold.h"
#include "graph/passes/fuse.h"
#include "graph/tasks/registry.h"
#include "ops/loss/cross_entropy/cross_entropy.h"
#include "ops/loss/top1/top1.h"
#include "ops/math/fill/fill.h"
#include "ops/norm/running_average/running_average.h"
#include "ops/optim/adam/adam.h"
#include "ops/optim/sgd/sgd.h"

namespace lockstep::graph {
namespace {

// The forward half shared by the lane and eval graphs: model and loss.
struct Forward {
  Value logits, labels, numerator;
};

Forward BuildForward(GraphBuilder* builder, ModelParts* parts, const Model& model,
                     const ProgramOptions& options, int64_t rows, bool training) {
  const Shape& image = options.image;
  const Value x = builder->graph().AddArg(
      "x", ArgKind::kInput, {options.precision, {rows, image[0], image[1], image[2]}});
  Forward forward;
  forward.labels = builder->graph().AddArg("labels", ArgKind::kInput, {DType::kInt32, {rows}});
  const Net net(builder, parts, options.precision, training);
  forward.logits = model.build(net, x, options.model_options);
  builder->SetPath("loss");
  const ops::CrossEntropyOut loss =
      ops::CrossEntropy(builder, forward.logits, forward.labels, options.label_smoothing);
  if (!builder->status().ok()) return forward;
  forward.numerator = loss.numerator;
  builder->graph().AddResult(std::string(kNumerator), loss.numerator);
  builder->graph().AddResult(std::string(kDenominator), loss.denominator);
  return forward;
}

void AddHits(GraphBuilder* builder, const Forward& forward) {
  const Value correct = ops::Top1Correct(builder, forward.logits, forward.labels);
  if (builder->status().ok()) builder->graph().AddResult(std::string(kCorrect), correct);
}

// What the task adds up over an evaluation.
void AddSums(GraphBuilder* builder, const Forward& forward, const Task& task) {
  builder->SetPath("metrics");
  EvalBuilder eval(builder, forward.logits, forward.labels);
  task.Eval(eval);
  for (const auto& [name, value] : eval.sums()) {
    if (!builder->status().ok()) return;
    const TensorType& type = builder->TypeOf(value);
    if (type.dtype != DType::kInt64 && type.dtype != DType::kFloat64) {
      builder->Fail(Internal("task '" + std::string(task.name()) + "': the sum '" + name + "' is " +
                             type.ToString() + "; expected i64 or f64"));
      return;
    }
    builder->graph().AddResult(std::string(kSumPrefix) + name, value);
  }
}

// The passes before autodiff, on a graph whose values `forward` and `parts` name.
void RewriteForward(GraphBuilder* builder, ModelParts* parts, Forward* forward) {
  if (!builder->status().ok()) return;
  for (const auto& pass : {+[](const Graph& graph) { return FoldConstants(graph); },
                           +[](const Graph& graph) { return MergeCommonSubexpressions(graph); },
                           +[](const Graph& graph) { return Fuse(graph); }}) {
    Rewritten rewritten = pass(builder->graph());
    const auto rename = [&](Value* v) { *v = rewritten.renamed[static_cast<size_t>(v->id)]; };
    rename(&forward->logits);
    rename(&forward->numerator);
    for (auto* values : {&parts->parameter_values, &parts->batch_means, &parts->batch_variances}) {
      for (Value& v : *values) rename(&v);
    }
    builder->graph() = std::move(rewritten.graph);
  }
}

struct Built {
  Graph graph;
  ModelParts parts;
};

Result<Built> BuildLane(const ProgramOptions& options, int64_t rows) {
  ASSIGN_OR_RETURN(const Model* model, FindModel(options.model));
  GraphBuilder builder("lane");
  ModelParts parts;
  Forward forward = BuildForward(&builder, &parts, *model, options, rows, true);
  AddHits(&builder, forward);
  if (options.rewrite) RewriteForward(&builder, &parts, &forward);
  builder.SetPath("loss");
  const Value seed =
      ops::Fill(&builder, 1.0 / static_cast<double>(options.lane_batch), {DType::kFloat64, {}});
  const std::vector<Value> gradients =
      Gradients(&builder, forward.numerator, seed, parts.parameter_values);
  if (builder.status().ok()) {
    for (size_t i = 0; i < gradients.size(); ++i) {
      builder.graph().AddResult(std::string(kGradientPrefix) + parts.parameters[i].name,
                                gradients[i]);
    }
    for (size_t i = 0; i < parts.running.size(); ++i) {
      builder.graph().AddResult("mean:" + parts.running[i].path, parts.batch_means[i]);
      builder.graph().AddResult("var:" + parts.running[i].path, parts.batch_variances[i]);
    }
  }
  ASSIGN_OR_RETURN(Graph graph, std::move(builder).Finish());
  // Gradients that meet at a fork; what is fused in the forward half keeps its form.
  if (options.rewrite) graph = Fuse(graph).graph;
  return Built{std::move(graph), std::move(parts)};
}

Status CheckOneOf(const std::string& key, const std::string& value,
                  const std::vector<std::string>& allowed) {
  for (const std::string& a : allowed) {
    if (value == a) return OkStatus();
  }
  return InvalidArgument(key + " is '" + value + "'" + Suggestion(value, allowed));
}

// A model refuses an option it does not have.
Status CheckHas(const Model& model, std::string_view option, bool given) {
  const bool has =
      std::find(model.options.begin(), model.options.end(), option) != model.options.end();
  if (!given || has) return OkStatus();
  return InvalidArgument("model '" + std::string(model.name) + "' has no option '" +
                         std::string(option) + "'; remove model." + std::string(option));
}

Status CheckModelOptions(const Model& model, const ModelOptions& options) {
  RETURN_IF_ERROR(CheckHas(model, "activation", !options.activation.empty()));
  RETURN_IF_ERROR(CheckHas(model, "pool", !options.pool.empty()));
  RETURN_IF_ERROR(CheckHas(model, "dropout", options.dropout >= 0.0));
  RETURN_IF_ERROR(CheckHas(model, "stem", !options.stem.empty()));
  RETURN_IF_ERROR(CheckHas(model, "zero_init_residual", options.zero_init_residual));
  const auto own_or = [](const std::string& key, const std::string& value,
                         const std::vector<std::string>& allowed) {
    return value.empty() ? OkStatus() : CheckOneOf(key, value, allowed);
  };
  RETURN_IF_ERROR(own_or("model.activation", options.activation, {"relu", "tanh"}));
  RETURN_IF_ERROR(own_or("model.pool", options.pool, {"max", "avg"}));
  RETURN_IF_ERROR(own_or("model.stem", options.stem, {"imagenet", "cifar"}));
  if (options.dropout >= 1.0) {
    return InvalidArgument("model.dropout is " + std::to_string(options.dropout) +
                           "; expected a probability in [0, 1)");
  }
  return OkStatus();
}

}  // namespace

std::vector<std::string> OptimizerSpec::slots() const {
  if (name == "adam") return {"exp_avg", "exp_avg_sq"};
  return {"momentum_buffer"};
}

Result<Program> Program::Make(const ProgramOptions& options) {
  ASSIGN_OR_RETURN(const Model* model, FindModel(options.model));
  ASSIGN_OR_RETURN(const Task* task, FindTask(options.task));
  RETURN_IF_ERROR(CheckModelOptions(*model, options.model_options));
  RETURN_IF_ERROR(CheckOneOf("optimizer.name", options.optimizer.name, {"sgd", "adam"}));
  ASSIGN_OR_RETURN(Built built, BuildLane(options, options.lane_batch));
  Program program(options, task);
  program.parameters_ = std::move(built.parts.parameters);
  program.running_ = std::move(built.parts.running);
  return program;
}

int64_t Program::parameter_count() const {
  int64_t count = 0;
  for (const Parameter& p : parameters_) count += p.type.shape.elements();
  return count;
}

ParameterSpace Program::MakeParameterSpace() const {
  std::vector<int64_t> elements;
  for (const Parameter& p : parameters_) elements.push_back(p.type.shape.elements());
  return ParameterSpace(elements);
}

Result<Graph> Program::Lane(int64_t rows) const {
  ASSIGN_OR_RETURN(Built built, BuildLane(options_, rows));
  return std::move(built.graph);
}

Result<Graph> Program::Eval(int64_t rows) const {
  ASSIGN_OR_RETURN(const Model* model, FindModel(options_.model));
  GraphBuilder builder("eval");
  ModelParts parts;
  ProgramOptions options = options_;
  options.label_smoothing = 0.0;  // the evaluation loss is plain cross-entropy
  Forward forward = BuildForward(&builder, &parts, *model, options, rows, false);
  AddSums(&builder, forward, *task_);
  if (options.rewrite) RewriteForward(&builder, &parts, &forward);
  if (builder.status().ok()) builder.graph().AddResult("logits", forward.logits);
  return std::move(builder).Finish();
}

Result<Graph> Program::Update(int64_t elements) const {
  const OptimizerSpec& o = options_.optimizer;
  GraphBuilder builder("update");
  Graph& graph = builder.graph();
  const TensorType block{options_.precision, {elements}}, scalar{options_.precision, {}};
  const Value param = graph.AddArg("param", ArgKind::kParameter, block);
  const Value grad = graph.AddArg("grad", ArgKind::kInput, block);
  std::vector<Value> slots;
  for (const std::string& slot : o.slots()) {
    slots.push_back(graph.AddArg(slot, ArgKind::kState, block));
  }
  const Value lr = graph.AddArg("lr", ArgKind::kScalar, scalar);
  const Value grad_scale = graph.AddArg("grad_scale", ArgKind::kScalar, scalar);
  builder.SetPath("update");
  if (o.name == "adam") {
    const Value bias1 = graph.AddArg("bias1", ArgKind::kScalar, scalar);
    const Value bias2 = graph.AddArg("bias2", ArgKind::kScalar, scalar);
    const ops::AdamOut out = ops::Adam(
        &builder, param, grad, slots[0], slots[1], lr, grad_scale, bias1, bias2,
        {.beta1 = o.beta1, .beta2 = o.beta2, .eps = o.eps, .weight_decay = o.weight_decay});
    if (!builder.status().ok()) return builder.status();
    graph.AddResult("param", out.param);
    graph.AddResult(o.slots()[0], out.m);
    graph.AddResult(o.slots()[1], out.v);
  } else {
    const ops::SgdOut out =
        ops::Sgd(&builder, param, grad, slots[0], lr, grad_scale,
                 {.momentum = o.momentum, .weight_decay = o.weight_decay, .nesterov = o.nesterov});
    if (!builder.status().ok()) return builder.status();
    graph.AddResult("param", out.param);
    graph.AddResult(o.slots()[0], out.velocity);
  }
  return std::move(builder).Finish();
}

Result<Graph> Program::UpdateRunning(int64_t elements, double momentum) const {
  GraphBuilder builder("update_running");
  const TensorType type{options_.precision, {elements}};
  const Value running = builder.graph().AddArg("running", ArgKind::kState, type);
  const Value batch = builder.graph().AddArg("batch", ArgKind::kInput, type);
  builder.SetPath("update_running");
  const Value updated = ops::RunningAverage(&builder, running, batch, momentum);
  if (builder.status().ok()) builder.graph().AddResult("running", updated);
  return std::move(builder).Finish();
}

}  // namespace lockstep::graph
