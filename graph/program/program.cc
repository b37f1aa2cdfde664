// SPDX-License-Identifier: Apache-2.0
#include "graph/program/program.h"

#include <algorithm>

#include "base/check.h"
#include "graph/autodiff/autodiff.h"
#include "graph/ir/builder.h"
#include "graph/passes/common_subexpressions.h"
#include "graph/passes/fold.h"
#include "graph/passes/fuse.h"
#include "graph/tasks/registry.h"
#include "ops/core/registry.h"
#include "ops/math/fill/fill.h"
#include "ops/norm/batch_norm_totals/batch_norm_totals.h"
#include "ops/norm/running_average/running_average.h"
#include "ops/optim/ema/ema.h"

namespace lockstep::graph {
namespace {

constexpr std::string_view kEmaWeight = "ema_weight";

// What the program's names mean.
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

// The loss pair, then the task's sums.
void AddTotals(GraphBuilder* builder, const TaskBuilder& task) {
  if (!builder->status().ok()) return;
  if (!task.loss().numerator.valid()) {
    builder->Fail(Internal("the task '" + task.task() + "' gives no loss in " +
                           (task.training() ? "a phase of training" : "evaluations")));
    return;
  }
  builder->graph().AddResult(std::string(kNumerator), task.loss().numerator);
  builder->graph().AddResult(std::string(kDenominator), task.loss().denominator);
  for (const auto& [name, value] : task.sums()) {
    builder->graph().AddResult(std::string(kSumPrefix) + name, value);
  }
  for (const TaskBuilder::SampleOutput& output : task.per_sample()) {
    builder->graph().AddResult(std::string(kRowPrefix) + output.name, output.value);
    if (!output.count.valid()) continue;
    builder->graph().AddResult(std::string(kRowCountPrefix) + output.name, output.count);
  }
}

// The bytes of the values, and 8 of each count, that an evaluation of one row keeps.
int64_t BytesOfRow(const Graph& eval) {
  int64_t bytes = 0;
  for (const NamedResult& result : eval.results()) {
    if (result.name.starts_with(kRowPrefix)) bytes += eval.TypeOf(result.value).bytes();
    if (result.name.starts_with(kRowCountPrefix)) bytes += SizeOf(DType::kInt64);
  }
  return bytes;
}

// The passes before autodiff, on a graph whose values `numerator` and `parts` name.
void RewriteForward(GraphBuilder* builder, ModelParts* parts, Value* numerator) {
  if (!builder->status().ok()) return;
  for (const auto& pass : {+[](const Graph& graph) { return FoldConstants(graph); },
                           +[](const Graph& graph) { return MergeCommonSubexpressions(graph); },
                           +[](const Graph& graph) { return Fuse(graph); }}) {
    Rewritten rewritten = pass(builder->graph());
    const auto rename = [&](Value* v) { *v = rewritten.renamed[static_cast<size_t>(v->id)]; };
    rename(numerator);
    for (auto* values : {&parts->parameter_values, &parts->batch_means, &parts->batch_variances}) {
      for (Value& v : *values) rename(&v);
    }
    builder->graph() = std::move(rewritten.graph);
  }
}

// What each call of a batch norm adds to the step's statistics. They are made last in the forward
// half: a norm whose statistics are read before its activation does not fuse with it.
std::vector<ops::BatchNormTotalsOut> BatchTotals(GraphBuilder* builder, const ModelParts& parts,
                                                 int64_t rows) {
  builder->SetPath("statistics");
  std::vector<ops::BatchNormTotalsOut> totals;
  for (size_t i = 0; i < parts.norm_calls.size(); ++i) {
    totals.push_back(ops::BatchNormTotals(builder, parts.batch_means[i], parts.batch_variances[i],
                                          rows * parts.norm_calls[i].positions));
  }
  return totals;
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
  ASSIGN_OR_RETURN(const Task* task, FindTask(options.task));
  ASSIGN_OR_RETURN(options.task_options,
                   task->options().Complete(options.task_options, "task '" + options.task + "'"));
  OptimizerSpec* spec = &options.optimizer;
  ASSIGN_OR_RETURN(const ops::Optimizer* optimizer,
                   ops::OpRegistry::Global().FindOptimizer(spec->name));
  ASSIGN_OR_RETURN(spec->options,
                   optimizer->options.Complete(spec->options, "optimizer '" + spec->name + "'"));
  return options;
}

}  // namespace

struct Program::Built {
  Graph graph;
  ModelParts parts;
  std::vector<std::string> trained;  // names of the parameters whose gradients it gives
};

ProgramOptions DescribedFor(const Model& model) {
  ProgramOptions options;
  options.model = std::string(model.name);
  options.model_options.classes = model.classes;
  options.image = model.image;
  options.task = std::string(model.task);
  options.loss.name = std::string(model.loss);
  options.schema.fields.push_back({.name = "mask", .kind = FieldKind::kMask});
  return options;
}

Result<Program> Program::Make(const ProgramOptions& options) {
  ASSIGN_OR_RETURN(ProgramOptions complete, Complete(options));
  ASSIGN_OR_RETURN(const Task* task, FindTask(options.task));
  Program program(std::move(complete), task);
  ASSIGN_OR_RETURN(program.frozen_, FrozenParameters::Parse(options.freeze));
  ASSIGN_OR_RETURN(program.inputs_, InputsOf(*task, options.schema));
  ASSIGN_OR_RETURN(program.batch_tensors_, program.BatchTensors(/*training=*/true));
  ASSIGN_OR_RETURN(const TaskParts parts, program.PartsOf(/*training=*/true));
  RETURN_IF_ERROR(program.CheckPhases(parts.networks));
  std::vector<std::vector<std::string>> trained;  // names, by phase
  for (size_t phase = 0; phase < program.phases_.size(); ++phase) {
    ASSIGN_OR_RETURN(Built built, program.BuildLane(phase, options.lane_batch, program.frozen_));
    RETURN_IF_ERROR(program.AddParameters(built.parts.parameters));
    RETURN_IF_ERROR(program.AddStepSums(built.graph));
    trained.push_back(std::move(built.trained));
    for (RunningStatistics& layer : built.parts.running) program.AddRunning(std::move(layer));
  }
  for (const std::vector<std::string>& names : trained) {
    std::vector<bool> numbers(program.parameters_.size());
    for (const std::string& name : names) numbers[program.ParameterIndex(name)] = true;
    program.trained_.push_back(std::move(numbers));
  }
  const OptimizerSpec& optimizer = program.options().optimizer;
  program.slots_ = RegisteredOptimizer(optimizer).SlotsFor(optimizer.options);
  if (options.ema_decay > 0) program.slots_.emplace_back(kEmaSlot);
  RETURN_IF_ERROR(program.MakeGroups());
  RETURN_IF_ERROR(program.CheckAllTrained());
  RETURN_IF_ERROR(program.MakeStages());
  ASSIGN_OR_RETURN(const Built eval, program.BuildEval(/*rows=*/1));
  RETURN_IF_ERROR(program.CheckParameters(eval.parts.parameters));
  RETURN_IF_ERROR(program.CheckNorms(eval.parts.running));
  if (const int64_t bytes = BytesOfRow(eval.graph); bytes > 0) {
    program.score_bytes_ = task->MostScoreBytes(bytes);
  }
  return program;
}

bool Program::Trains(size_t phase, size_t parameter) const { return trained_[phase][parameter]; }

size_t Program::ParameterIndex(std::string_view name) const {
  const auto found = parameter_index_.find(name);
  CHECK(found != parameter_index_.end()) << "no parameter is named " << name;
  return found->second;
}

std::vector<std::pair<std::string, double>> Program::UpdateScalars(int64_t updates,
                                                                   int64_t all) const {
  const OptimizerSpec& spec = options_.optimizer;
  std::vector<std::pair<std::string, double>> values;
  for (const ops::UpdateScalar& scalar : RegisteredOptimizer(spec).scalars) {
    values.emplace_back(scalar.name, scalar.value(spec.options, updates));
  }
  if (ema_slot()) values.emplace_back(kEmaWeight, all == 1 ? 1.0 : 1.0 - options_.ema_decay);
  return values;
}

std::optional<size_t> Program::ema_slot() const {
  return options_.ema_decay > 0 ? std::optional(slots_.size() - 1) : std::nullopt;
}

const std::vector<std::string>& Program::norms() const {
  return RegisteredOptimizer(options_.optimizer).norms;
}

int64_t Program::parameter_count() const {
  int64_t count = 0;
  for (const Parameter& p : parameters_) count += p.type.shape.elements();
  return count;
}

ParameterSpace Program::MakeParameterSpace() const {
  std::vector<int64_t> elements;
  std::vector<bool> frozen;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    elements.push_back(parameters_[i].type.shape.elements());
    frozen.push_back(IsFrozen(i));
  }
  return ParameterSpace(elements, frozen);
}

Result<TaskParts> Program::PartsOf(bool training) const {
  ASSIGN_OR_RETURN(const Parts found, FindParts(options_));
  TaskParts parts;
  parts.task = std::string(task_->name());
  parts.networks = task_->networks({kModelNetwork, found.model, options_.model_options});
  for (NetworkSpec& network : parts.networks) {
    ASSIGN_OR_RETURN(network.options.own,
                     network.model->options.Complete(
                         network.options.own, "model '" + std::string(network.model->name) + "'"));
  }
  ASSIGN_OR_RETURN(const std::vector<BatchTensor> tensors, BatchTensors(training));
  for (const BatchTensor& tensor : tensors) {
    parts.inputs.push_back({tensor.name, tensor.row.dtype, tensor.row.shape});
  }
  parts.precision = options_.precision;
  parts.loss = found.loss;
  parts.loss_options = options_.loss.options;
  parts.task_options = options_.task_options;
  return parts;
}

Result<std::vector<BatchTensor>> Program::BatchTensors(bool training) const {
  const bool other = !training && options_.eval_image.rank() > 0;
  auto tensors = TensorsOfBatch(options_.schema, inputs_,
                                other ? options_.eval_image : options_.image, options_.precision);
  if (tensors.ok()) return tensors;
  return tensors.status().WithContext("the task '" + std::string(task_->name()) + "'");
}

Result<Program::Built> Program::BuildLane(size_t phase, int64_t rows,
                                          const FrozenParameters& frozen) const {
  ASSIGN_OR_RETURN(const TaskParts task_parts, PartsOf(/*training=*/true));
  GraphBuilder builder("lane");
  ModelParts parts;
  if (!options_.frozen_norms_learn) parts.frozen_norms = &frozen;
  TaskBuilder task(&builder, &parts, &task_parts, rows, /*training=*/true);
  task_->Train(phase, task);
  AddTotals(&builder, task);
  Value numerator = task.loss().numerator;
  if (options_.rewrite) RewriteForward(&builder, &parts, &numerator);
  std::vector<Value> trained;
  std::vector<std::string> names;
  for (size_t i = 0; i < parts.parameters.size(); ++i) {
    const Parameter& parameter = parts.parameters[i];
    const auto& trains = phases_[phase].trains;
    if (std::find(trains.begin(), trains.end(), parameter.network) == trains.end()) continue;
    if (frozen.Has(parameter.name, parameter.kind)) continue;
    trained.push_back(parts.parameter_values[i]);
    names.push_back(parameter.name);
  }
  const std::vector<ops::BatchNormTotalsOut> totals = BatchTotals(&builder, parts, rows);
  builder.SetPath("loss");
  const Value seed =
      ops::Fill(&builder, 1.0 / static_cast<double>(options_.lane_batch), {DType::kFloat64, {}});
  const std::vector<Value> gradients = Gradients(&builder, numerator, seed, trained);
  if (builder.status().ok()) {
    for (size_t i = 0; i < gradients.size(); ++i) {
      builder.graph().AddResult(std::string(kGradientPrefix) + names[i], gradients[i]);
    }
    for (size_t i = 0; i < totals.size(); ++i) {
      const std::string& path = parts.norm_calls[i].path;
      builder.graph().AddResult("count:" + path, totals[i].count);
      builder.graph().AddResult("mean:" + path, totals[i].mean_total);
      builder.graph().AddResult("var:" + path, totals[i].var_total);
    }
  }
  ASSIGN_OR_RETURN(Graph graph, std::move(builder).Finish());
  // Gradients that meet at a fork; what is fused in the forward half keeps its form.
  if (options_.rewrite) graph = Fuse(graph).graph;
  return Built{std::move(graph), std::move(parts), std::move(names)};
}

Result<Program::Built> Program::BuildEval(int64_t rows) const {
  ASSIGN_OR_RETURN(const TaskParts task_parts, PartsOf(/*training=*/false));
  GraphBuilder builder("eval");
  ModelParts parts;
  TaskBuilder task(&builder, &parts, &task_parts, rows, /*training=*/false);
  task_->Eval(task);
  AddTotals(&builder, task);
  Value numerator = task.loss().numerator;
  if (options_.rewrite) RewriteForward(&builder, &parts, &numerator);
  ASSIGN_OR_RETURN(Graph graph, std::move(builder).Finish());
  return Built{std::move(graph), std::move(parts), {}};
}

Result<Graph> Program::Lane(int64_t rows, size_t phase, std::optional<size_t> stage) const {
  ASSIGN_OR_RETURN(Built built, BuildLane(phase, rows, frozen_in_[stage.value_or(last_stage())]));
  return std::move(built.graph);
}

Result<Graph> Program::Eval(int64_t rows) const {
  ASSIGN_OR_RETURN(Built built, BuildEval(rows));
  return std::move(built.graph);
}

std::vector<Value> Program::AddUpdateArgs(int64_t elements, Graph* graph) const {
  const TensorType block{options_.precision, {elements}}, scalar{options_.precision, {}};
  std::vector<Value> in = {graph->AddArg("param", ArgKind::kParameter, block),
                           graph->AddArg("grad", ArgKind::kInput, block)};
  for (const std::string& slot : slots_) {
    if (slot != kEmaSlot) in.push_back(graph->AddArg(slot, ArgKind::kState, block));
  }
  in.push_back(graph->AddArg("lr", ArgKind::kScalar, scalar));
  in.push_back(graph->AddArg("grad_scale", ArgKind::kScalar, scalar));
  for (const ops::UpdateScalar& own : RegisteredOptimizer(options_.optimizer).scalars) {
    in.push_back(graph->AddArg(own.name, ArgKind::kScalar, scalar));
  }
  return in;
}

Result<Graph> Program::Update(int64_t elements, size_t group) const {
  GraphBuilder builder("update");
  Graph& graph = builder.graph();
  const TensorType block{options_.precision, {elements}}, scalar{options_.precision, {}};
  std::vector<Value> in = AddUpdateArgs(elements, &graph);
  Value average, weight;
  if (ema_slot()) {
    average = graph.AddArg(std::string(kEmaSlot), ArgKind::kState, block);
    weight = graph.AddArg(std::string(kEmaWeight), ArgKind::kScalar, scalar);
  }
  for (const std::string& norm : norms()) {
    in.push_back(graph.AddArg(norm, ArgKind::kScalar, scalar));
  }
  builder.SetPath("update");
  std::vector<Value> out =
      builder.Emit(options_.optimizer.name, update_groups_[group].optimizer, in);
  if (ema_slot()) out.push_back(ops::Ema(&builder, average, out[0], weight));
  if (!builder.status().ok()) return builder.status();
  graph.AddResult("param", out[0]);
  for (size_t i = 0; i < slots_.size(); ++i) graph.AddResult(slots_[i], out[i + 1]);
  return std::move(builder).Finish();
}

Result<Graph> Program::Measure(int64_t elements, size_t group) const {
  GraphBuilder builder("measure");
  const std::vector<Value> in = AddUpdateArgs(elements, &builder.graph());
  builder.SetPath("measure");
  const std::vector<Value> out = builder.Emit(RegisteredOptimizer(options_.optimizer).measure,
                                              update_groups_[group].optimizer, in);
  if (builder.status().ok()) builder.graph().AddResult("squares", out[0]);
  return std::move(builder).Finish();
}

Result<Graph> Program::UpdateRunning(int64_t elements, double momentum) const {
  GraphBuilder builder("update_running");
  Graph& graph = builder.graph();
  const Value running = graph.AddArg("running", ArgKind::kState, {options_.precision, {elements}});
  const Value total = graph.AddArg("total", ArgKind::kInput, {DType::kFloat64, {elements}});
  const Value count = graph.AddArg("count", ArgKind::kInput, {DType::kFloat64, {}});
  builder.SetPath("update_running");
  const Value updated = ops::RunningAverage(&builder, running, total, count, momentum);
  if (builder.status().ok()) graph.AddResult("running", updated);
  return std::move(builder).Finish();
}

}  // namespace lockstep::graph
