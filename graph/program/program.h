// SPDX-License-Identifier: Apache-2.0
// Program: the three typed graphs of a run. `lane`: one lane's forward, loss and backward;
// `update`: one block of the parameter space; `eval`: forward with running statistics. A lane batch
// of n rows means exactly the graph with batch n, so graphs are made for a row count.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/ir/graph.h"
#include "graph/models/models.h"
#include "graph/nn/net.h"
#include "graph/plan/parameter_space.h"
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
  Shape image;  // H W C of a sample as the loader gives it
  DType precision = DType::kFloat32;
  int64_t lane_batch = 1;  // rows of a full lane batch: backward starts from numerator / lane_batch
  LossSpec loss;
  std::string task;  // graph/tasks; empty: the default one
  OptimizerSpec optimizer;
  // Fold constants, merge common subexpressions and fuse chains before autodiff. It is off with
  // reference kernels, since the order of sums may change.
  bool rewrite = false;
};

// Result names of the lane and eval graphs.
inline constexpr std::string_view kNumerator = "numerator";      // f64 []: summed loss
inline constexpr std::string_view kDenominator = "denominator";  // f64 []: rows
inline constexpr std::string_view kCorrect = "correct";          // i64 []: top-1 hits, of lanes
inline constexpr std::string_view kSumPrefix = "sum:";           // i64 or f64: the task's, of eval

class Program {
 public:
  // Builds the model once with lane_batch rows: a failure names the layer, its shapes and values.
  static Result<Program> Make(const ProgramOptions& options);

  const ProgramOptions& options() const { return options_; }  // complete: every option has a value
  // What Update's scalars after lr and grad_scale are in the step that makes the applied updates
  // `updates`, in the order of its arguments.
  std::vector<double> UpdateScalars(int64_t updates) const;
  const Task& task() const { return *task_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  const std::vector<RunningStatistics>& running() const { return running_; }
  int64_t parameter_count() const;  // without padding
  ParameterSpace MakeParameterSpace() const;

  // Arguments: input "x" (rows H W C), input "labels" i32 (rows), a param per tensor. Results:
  // numerator, denominator, correct, "grad:<parameter>" in order of creation, and
  // "mean:<path>", "var:<path>" of each batch normalisation.
  Result<Graph> Lane(int64_t rows) const;
  // Arguments as Lane's, and state "<path>.running_mean", "<path>.running_var". Results: numerator,
  // denominator, "sum:<name>" of each sum of the task in its order, "logits".
  Result<Graph> Eval(int64_t rows) const;
  // Arguments: param, grad, the slots (1-D, `elements`), then scalars lr, grad_scale and those of
  // the optimizer (ops/core/optimizer.h). Results: "param", then the slots.
  Result<Graph> Update(int64_t elements) const;
  // Arguments: running, batch (1-D); result "running".
  Result<Graph> UpdateRunning(int64_t elements, double momentum) const;

 private:
  Program(ProgramOptions options, const Task* task) : options_(std::move(options)), task_(task) {}

  ProgramOptions options_;
  const Task* task_;  // lives as long as the process
  std::vector<Parameter> parameters_;
  std::vector<RunningStatistics> running_;
};

}  // namespace lockstep::graph
