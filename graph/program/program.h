// SPDX-License-Identifier: Apache-2.0
// Program: the typed graphs of a run. `lane`: one lane's forward, loss and backward in one phase of
// a step; `update`: one block of the parameter space; `eval`: forward with running statistics. What
// lane and eval graphs compute the task says (graph/tasks/task.h). A lane batch of n rows means
// exactly the graph with batch n, so graphs are made for a row count.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
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
  // Above 0: beside each parameter that is trained a moving average of it is kept, with this decay.
  double ema_decay = 0.0;
  // Fold constants, merge common subexpressions and fuse chains before autodiff. It is off with
  // reference kernels, since the order of sums may change.
  bool rewrite = false;
};

// What a model was described for: its task, loss, images and classes, on a dataset that has a field
// of each kind that the tasks of models read. Other options have their defaults.
ProgramOptions DescribedFor(const Model& model);

// The slot that averages of parameters are kept in.
inline constexpr std::string_view kEmaSlot = "ema";

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
    int64_t unfreeze_epoch = 0;  // epochs that pass before its parameters are trained
    Attrs optimizer;             // its options, complete
  };
  const std::vector<UpdateGroup>& update_groups() const { return update_groups_; }
  // The place in update_groups() of a parameter that is trained.
  size_t GroupOf(size_t parameter) const { return group_of_[parameter]; }
  // Whether no phase trains the parameter, because the recipe says so.
  bool IsFrozen(size_t parameter) const;
  // The stages of a run. Parameters of a group with an unfreeze_epoch are frozen in the stages
  // before theirs; in the last stage all are trained, and it is the only one where no group waits.
  size_t stages() const { return stage_begins_.size(); }
  size_t last_stage() const { return stages() - 1; }
  size_t StageOf(int64_t epoch) const;  // epochs count from 0
  int64_t FirstEpochOf(size_t stage) const { return stage_begins_[stage]; }
  // The stage from which on a parameter is trained, where it is at all.
  size_t FirstStageOf(size_t parameter) const;
  // Names of the state kept for every parameter that is trained ("momentum_buffer"; "exp_avg",
  // "exp_avg_sq"): the optimizer's slots that its options need, then kEmaSlot where the parameters
  // are averaged.
  const std::vector<std::string>& slots() const { return slots_; }
  // The place of kEmaSlot in slots(); none where nothing is averaged.
  std::optional<size_t> ema_slot() const;
  // The norms of a whole parameter that its update reads (ops/core/optimizer.h).
  const std::vector<std::string>& norms() const;
  // What Update's scalars beside lr and grad_scale are in the step that makes the applied updates
  // of a parameter `updates`, and those of the run `all`, by name.
  std::vector<std::pair<std::string, double>> UpdateScalars(int64_t updates, int64_t all) const;
  const Task& task() const { return *task_; }
  const std::vector<PhaseSpec>& phases() const { return phases_; }
  // What the tensors of a batch are made of.
  const std::vector<InputSpec>& inputs() const { return inputs_; }
  // The tensors of a batch of training, in its order (base/sample/row_type.h).
  const std::vector<BatchTensor>& batch_tensors() const { return batch_tensors_; }
  // Whether a phase trains the parameter of that number in the last stage: it is one of a network
  // which the phase trains, and the phase calls a method that uses it.
  bool Trains(size_t phase, size_t parameter) const;
  bool Trains(size_t phase, size_t parameter, size_t stage) const {
    return Trains(phase, parameter) && FirstStageOf(parameter) <= stage;
  }
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
  // `stage`: without the gradients of what is not trained yet; none: the last.
  Result<Graph> Lane(int64_t rows, size_t phase = 0,
                     std::optional<size_t> stage = std::nullopt) const;
  // Arguments: inputs and params as in Lane, and state "<path>.running_mean",
  // "<path>.running_var". Results: numerator, denominator, "sum:<name>" of each sum of the task in
  // its order, "row:<name>" of each value that it keeps of every sample, "row_count:<name>" behind
  // those that have a count.
  Result<Graph> Eval(int64_t rows) const;
  // Arguments: param, grad, the slots (1-D, `elements`), and scalars lr, grad_scale, those of
  // UpdateScalars and the norms, each kind in its order. Results: "param", then the slots. `group`:
  // of update_groups().
  Result<Graph> Update(int64_t elements, size_t group = 0) const;
  // What the norms are made of. Arguments: those of Update but for averages and norms. Result:
  // "squares" f64 (number of norms), the squared norms of the block. The optimizer has norms.
  Result<Graph> Measure(int64_t elements, size_t group = 0) const;
  // Arguments: running (`elements`), total f64 (`elements`), count f64 []; result "running".
  Result<Graph> UpdateRunning(int64_t elements, double momentum) const;

 private:
  Program(ProgramOptions options, const Task* task)
      : options_(std::move(options)), task_(task), phases_(task->phases()) {}
  struct Built;
  // The parts of training, or of evaluation.
  Result<TaskParts> PartsOf(bool training) const;
  Result<std::vector<BatchTensor>> BatchTensors(bool training) const;
  Result<Built> BuildLane(size_t phase, int64_t rows, const FrozenParameters& frozen) const;
  Result<Built> BuildEval(int64_t rows) const;
  Status MakeGroups();
  Status MakeStages();
  // Adds those that are new, in their order, and compares the others with those of the same name.
  Status AddParameters(const std::vector<Parameter>& parameters);
  Status CheckParameters(const std::vector<Parameter>& evaluated) const;
  void AddRunning(RunningStatistics layer);
  // Adds what the optimizer's op begins with, param to the optimizer's own scalars.
  std::vector<Value> AddUpdateArgs(int64_t elements, Graph* graph) const;
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
  std::vector<std::string> slots_;
  std::vector<UpdateGroup> update_groups_;
  std::vector<size_t> group_of_;             // by parameter
  std::vector<int64_t> stage_begins_ = {0};  // by stage: its first epoch
  std::vector<FrozenParameters> frozen_in_;  // by stage
  Gathered step_sums_;
  int64_t score_bytes_ = 0;
};

}  // namespace lockstep::graph
