// SPDX-License-Identifier: Apache-2.0
// Program: the typed graphs of a run. `lane`: one lane's forward, loss and backward in one phase of
// a step; `update`: one block of the parameter space; `eval`: forward with running statistics. What
// lane and eval graphs compute the task says (graph/tasks/task.h). A lane batch of n rows means
// exactly the graph with batch n, so graphs are made for a row count.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/sample/input_spec.h"
#include "base/sample/row_type.h"
#include "base/sample/schema.h"
#include "graph/ir/graph.h"
#include "graph/models/models.h"
#include "graph/nn/net.h"
#include "graph/plan/parameter_space.h"
#include "graph/program/parameter_groups.h"
#include "graph/tasks/task.h"

namespace lockstep::graph {

// Options that are not given have their defaults.
struct LossSpec {
  std::string name = "cross-entropy";
  Attrs options;
};

struct OptimizerSpec {
  std::string name = "sgd";
  Attrs options;

  // Names of the state kept for every parameter ("momentum_buffer"; "exp_avg", "exp_avg_sq"), as
  // PyTorch names them. The optimizer is one that exists.
  const std::vector<std::string>& slots() const;
};

struct ProgramOptions {
  std::string model;
  ModelOptions model_options;
  Shape image;       // H W C of a sample as the loader gives it
  Shape eval_image;  // the same in evaluations; of rank 0: as `image`
  DType precision = DType::kFloat32;
  int64_t lane_batch = 1;  // rows of a full lane batch: backward starts from numerator / lane_batch
  LossSpec loss;
  std::string task = "classification";  // graph/tasks
  Attrs task_options;                   // the task's own
  Schema schema = ImageAndLabel({});    // of the dataset
  OptimizerSpec optimizer;
  std::vector<std::string> groups;  // of parameters (graph/program/parameter_groups.h)
  std::vector<std::string> freeze;  // patterns (FrozenParameters)
  // Batch norms whose parameters are frozen normalise by the statistics of the batch and go on
  // learning running ones, instead of using those they have.
  bool frozen_norms_learn = false;
  // Fold constants, merge common subexpressions and fuse chains before autodiff. It is off with
  // reference kernels, since the order of sums may change.
  bool rewrite = false;
};

// What a model was described for: its task, loss, images and classes, on a dataset that has a field
// of each kind that the tasks of models read. Other options have their defaults.
ProgramOptions DescribedFor(const Model& model);

// Result names of the lane and eval graphs.
inline constexpr std::string_view kNumerator = "numerator";  // f64 []: summed loss
inline constexpr std::string_view kDenominator =
    "denominator";                                      // f64 []: what the loss is divided by
inline constexpr std::string_view kSumPrefix = "sum:";  // i64 or f64: the task's

inline constexpr std::string_view kRowPrefix = "row:";  // [N, ...]: kept of samples, of eval
inline constexpr std::string_view kRowCountPrefix = "row_count:";  // i32 [N]: entries that count

class Program {
 public:
  // Builds every phase once with lane_batch rows: a failure names the layer, its shapes and values.
  static Result<Program> Make(const ProgramOptions& options);

  const ProgramOptions& options() const { return options_; }  // complete: every option has a value
  // One way to update parameters. The first is for those in no group.
  struct UpdateGroup {
    std::string pattern;  // empty: the first
    double lr_scale = 1.0;
    Attrs optimizer;  // its options, complete
  };
  const std::vector<UpdateGroup>& update_groups() const { return update_groups_; }
  // The place in update_groups() of a parameter that is trained.
  size_t GroupOf(size_t parameter) const { return group_of_[parameter]; }
  // Whether no phase trains the parameter, because the recipe says so.
  bool IsFrozen(size_t parameter) const;
  // What Update's scalars beside lr and grad_scale are in the step that makes the applied updates
  // `updates`, by name.
  std::vector<std::pair<std::string, double>> UpdateScalars(int64_t updates) const;
  const Task& task() const { return *task_; }
  const std::vector<PhaseSpec>& phases() const { return phases_; }
  // What the tensors of a batch are made of.
  const std::vector<InputSpec>& inputs() const { return inputs_; }
  // The tensors of a batch of training, in its order (base/sample/row_type.h).
  const std::vector<BatchTensor>& batch_tensors() const { return batch_tensors_; }
  // Whether a phase trains the parameter of that number: it is one of a network which the phase
  // trains, and the phase calls a method that uses it.
  bool Trains(size_t phase, size_t parameter) const;
  // The sums of all phases of a step (TaskBuilder::Sum), in their order: zeros, of no samples.
  const Gathered& step_sums() const { return step_sums_; }
  // The most bytes that an evaluation keeps of a sample (Task::Score); 0 where the task keeps none.
  int64_t score_bytes() const { return score_bytes_; }
  // The number of the parameter of that name, which exists.
  size_t ParameterIndex(std::string_view name) const;
  const std::vector<Parameter>& parameters() const { return parameters_; }
  const std::vector<RunningStatistics>& running() const { return running_; }
  int64_t parameter_count() const;  // without padding
  ParameterSpace MakeParameterSpace() const;

  // Arguments: the tensors of a batch that the task reads (inputs), its scalars, a param for each
  // tensor of the networks it calls. Results: numerator, denominator, "sum:<name>" of each sum of
  // the task in its order, "grad:<parameter>" of those that the phase trains in order of creation,
  // and f64 "count:<path>" [], "mean:<path>", "var:<path>" (C) of each call of a batch
  // normalisation: its totals (ops/norm/batch_norm_totals). A further call has the path "<path>#1".
  Result<Graph> Lane(int64_t rows, size_t phase = 0) const;
  // Arguments: inputs and params as in Lane, and state "<path>.running_mean",
  // "<path>.running_var". Results: numerator, denominator, "sum:<name>" of each sum of the task in
  // its order, "row:<name>" of each value that it keeps of every sample, "row_count:<name>" behind
  // those that have a count.
  Result<Graph> Eval(int64_t rows) const;
  // Arguments: param, grad, the slots (1-D, `elements`), then scalars lr, grad_scale and those of
  // the optimizer (ops/core/optimizer.h). Results: "param", then the slots. `group`: of
  // update_groups().
  Result<Graph> Update(int64_t elements, size_t group = 0) const;
  // Arguments: running (`elements`), total f64 (`elements`), count f64 []; result "running".
  Result<Graph> UpdateRunning(int64_t elements, double momentum) const;

 private:
  Program(ProgramOptions options, const Task* task)
      : options_(std::move(options)), task_(task), phases_(task->phases()) {}
  struct Built;
  // The parts of training, or of evaluation.
  Result<TaskParts> PartsOf(bool training) const;
  Result<std::vector<BatchTensor>> BatchTensors(bool training) const;
  Result<Built> BuildLane(size_t phase, int64_t rows) const;
  Result<Built> BuildEval(int64_t rows) const;
  Status MakeGroups();
  // Adds those that are new, in their order, and compares the others with those of the same name.
  Status AddParameters(const std::vector<Parameter>& parameters);
  Status CheckParameters(const std::vector<Parameter>& evaluated) const;
  void AddRunning(RunningStatistics layer);
  Status CheckAllTrained() const;
  Status CheckNorms(const std::vector<RunningStatistics>& evaluated) const;
  Status CheckPhases(const std::vector<NetworkSpec>& networks) const;
  // Takes the sums of a phase's lane graph.
  Status AddStepSums(const Graph& lane);

  ProgramOptions options_;
  const Task* task_;  // lives as long as the process
  std::vector<PhaseSpec> phases_;
  std::vector<InputSpec> inputs_;
  std::vector<BatchTensor> batch_tensors_;
  std::vector<std::vector<bool>> trained_;  // by phase, then by parameter
  std::map<std::string, size_t, std::less<>> parameter_index_;
  std::vector<Parameter> parameters_;
  std::vector<RunningStatistics> running_;
  FrozenParameters frozen_;
  std::vector<UpdateGroup> update_groups_;
  std::vector<size_t> group_of_;  // by parameter
  Gathered step_sums_;
  int64_t score_bytes_ = 0;
};

}  // namespace lockstep::graph
