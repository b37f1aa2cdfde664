// SPDX-License-Identifier: Apache-2.0
#include "graph/program/program.h"

#include "base/check.h"
#include "graph/autodiff/autodiff.h"
#include "graph/ir/builder.h"
#include "graph/passes/common_subexpressions.h"
#include "graph/passes/fold.h"
#include "graph/passes/fuse.h"
#include "graph/tasks/registry.h"
#include "ops/core/registry.h"
#include "ops/loss/top1/top1.h"
#include "ops/math/fill/fill.h"
#include "ops/norm/running_average/running_average.h"

namespace lockstep::graph {
namespace {

// The forward half shared by the lane and eval graphs: model and loss.
struct Forward {
  Value logits, labels, numerator;
};

// What a program's names mean; its options are complete.
struct Parts {
  const Model* model = nullptr;
  const ops::Loss* loss = nullptr;
};

Result<Parts> FindParts(const ProgramOptions& options) {
  Parts parts;
  ASSIGN_OR_RETURN(parts.model, FindModel(options.model));
  ASSIGN_OR_RETURN(parts.loss, ops::OpRegistry::Global().FindLoss(options.loss.name));
  return parts;
}

Forward BuildForward(GraphBuilder* builder, ModelParts* parts, const ProgramOptions& options,
                     const Parts& chosen, int64_t rows, bool training) {
  const Shape& image = options.image;
  const Value x = builder->graph().AddArg(
      "x", ArgKind::kInput, {options.precision, {rows, image[0], image[1], image[2]}});
  Forward forward;
  forward.labels = builder->graph().AddArg("labels", ArgKind::kInput, {DType::kInt32, {rows}});
  const Net net(builder, parts, options.precision, training);
  forward.logits =
      chosen.model->build(net, x, options.model_options.classes, options.model_options.own);
  builder->SetPath("loss");
  const ops::LossPair loss =
      chosen.loss->build(builder, forward.logits, forward.labels, options.loss.options, training);
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
  ASSIGN_OR_RETURN(const Parts chosen, FindParts(options));
  GraphBuilder builder("lane");
  ModelParts parts;
  Forward forward = BuildForward(&builder, &parts, options, chosen, rows, true);
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

const ops::Optimizer& RegisteredOptimizer(const OptimizerSpec& spec) {
  const Result<const ops::Optimizer*> found = ops::OpRegistry::Global().FindOptimizer(spec.name);
  CHECK(found.ok()) << found.status();
  return **found;
}

// Every option of the chosen parts, checked, or with its default.
Result<ProgramOptions> Complete(ProgramOptions options) {
  ASSIGN_OR_RETURN(const Parts parts, FindParts(options));
  ASSIGN_OR_RETURN(
      options.model_options.own,
      parts.model->options.Complete(options.model_options.own, "model '" + options.model + "'"));
  ASSIGN_OR_RETURN(
      options.loss.options,
      parts.loss->options.Complete(options.loss.options, "loss '" + options.loss.name + "'"));
  OptimizerSpec* spec = &options.optimizer;
  ASSIGN_OR_RETURN(const ops::Optimizer* optimizer,
                   ops::OpRegistry::Global().FindOptimizer(spec->name));
  ASSIGN_OR_RETURN(spec->options,
                   optimizer->options.Complete(spec->options, "optimizer '" + spec->name + "'"));
  return options;
}

}  // namespace

const std::vector<std::string>& OptimizerSpec::slots() const {
  return RegisteredOptimizer(*this).slots;
}

Result<Program> Program::Make(const ProgramOptions& options) {
  ASSIGN_OR_RETURN(ProgramOptions complete, Complete(options));
  ASSIGN_OR_RETURN(const Task* task, FindTask(options.task));
  Program program(std::move(complete), task);
  ASSIGN_OR_RETURN(Built built, BuildLane(program.options_, options.lane_batch));
  program.parameters_ = std::move(built.parts.parameters);
  program.running_ = std::move(built.parts.running);
  return program;
}

std::vector<double> Program::UpdateScalars(int64_t updates) const {
  const OptimizerSpec& spec = options_.optimizer;
  std::vector<double> values;
  for (const ops::UpdateScalar& scalar : RegisteredOptimizer(spec).scalars) {
    values.push_back(scalar.value(spec.options, updates));
  }
  return values;
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
  ASSIGN_OR_RETURN(const Parts chosen, FindParts(options_));
  GraphBuilder builder("eval");
  ModelParts parts;
  Forward forward = BuildForward(&builder, &parts, options_, chosen, rows, false);
  AddSums(&builder, forward, *task_);
  if (options_.rewrite) RewriteForward(&builder, &parts, &forward);
  if (builder.status().ok()) builder.graph().AddResult("logits", forward.logits);
  return std::move(builder).Finish();
}

Result<Graph> Program::Update(int64_t elements) const {
  const OptimizerSpec& spec = options_.optimizer;
  const ops::Optimizer& optimizer = RegisteredOptimizer(spec);
  GraphBuilder builder("update");
  Graph& graph = builder.graph();
  const TensorType block{options_.precision, {elements}}, scalar{options_.precision, {}};
  std::vector<Value> in = {graph.AddArg("param", ArgKind::kParameter, block),
                           graph.AddArg("grad", ArgKind::kInput, block)};
  for (const std::string& slot : optimizer.slots) {
    in.push_back(graph.AddArg(slot, ArgKind::kState, block));
  }
  in.push_back(graph.AddArg("lr", ArgKind::kScalar, scalar));
  in.push_back(graph.AddArg("grad_scale", ArgKind::kScalar, scalar));
  for (const ops::UpdateScalar& own : optimizer.scalars) {
    in.push_back(graph.AddArg(own.name, ArgKind::kScalar, scalar));
  }
  builder.SetPath("update");
  const std::vector<Value> out = builder.Emit(optimizer.name, spec.options, in);
  if (!builder.status().ok()) return builder.status();
  graph.AddResult("param", out[0]);
  for (size_t i = 0; i < optimizer.slots.size(); ++i) {
    graph.AddResult(optimizer.slots[i], out[i + 1]);
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
