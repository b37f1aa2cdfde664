// SPDX-License-Identifier: Apache-2.0
// Task: what networks are trained for and evaluated by. A task writes the graph of each phase of a
// step, and that of an evaluation batch, by calling its networks (task_builder.h). Whoever
// evaluates adds its sums up over the batches of a split, knowing nothing of them but name and
// type, and hands the totals back to the task, which makes metrics of them. One folder a task; the
// build finds it (registry.h). No name of a metric stands outside its task's folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metric.h"
#include "base/sample/input_spec.h"
#include "base/sample/schema.h"
#include "base/shape.h"
#include "base/status.h"
#include "graph/tasks/task_builder.h"

namespace lockstep::graph {

// The mean of the loss pair, in lists of metrics: every task has one.
inline constexpr std::string_view kLossMetric = "loss";

// The total of one sum over a split.
struct SumTotal {
  std::string name;
  Shape shape;
  std::vector<int64_t> i64;  // the elements of an i64 sum, in order; else empty
  std::vector<double> f64;   // those of an f64 sum
};

// All that an evaluation has gathered.
struct Gathered {
  int64_t samples = 0;
  std::vector<SumTotal> sums;  // in the order in which the task added them
  const SumTotal* Find(std::string_view name) const;
};

// Values of each class, for people: a table of its own, never columns of results.csv.
struct ClassTable {
  std::vector<std::string> columns;  // of `values`
  std::vector<std::string> classes;
  std::vector<std::vector<double>> values;  // a row for each class, a number for each column
  std::vector<int64_t> support;             // samples of each class
  // Row: the class of a sample; column: what it was taken for. Empty where it is not kept.
  std::vector<std::vector<int64_t>> confusion;
};

// A part of a step that trains some networks: lanes run, their gradients are added up, parameters
// are updated, all before the next phase begins.
struct PhaseSpec {
  std::string name;
  std::vector<std::string> trains;  // names of networks
};

// The name of the one network of a task that has one.
inline constexpr char kModelNetwork[] = "model";

class Task {
 public:
  virtual ~Task() = default;
  virtual std::string_view name() const = 0;

  // The networks of a run whose recipe names `model` (called kModelNetwork).
  virtual std::vector<NetworkSpec> networks(const NetworkSpec& model) const { return {model}; }
  virtual std::vector<PhaseSpec> phases() const { return {{"train", {kModelNetwork}}}; }
  // The tensors that Train and Eval read, in the order in which a batch has them. A failure says
  // which field the task misses, and what the schema has (FirstField).
  virtual Result<std::vector<InputSpec>> Inputs(const Schema& schema) const = 0;

  // Writes what a lane runs in a phase: its forward half and its loss.
  virtual void Train(size_t phase, TaskBuilder& builder) const = 0;
  // The value of a scalar that Train reads, in a step (0-based): a pure function.
  virtual double ScalarAt(std::string_view scalar, int64_t step) const;
  // Writes what an evaluation batch runs: the loss, and the sums that Measure reads.
  virtual void Eval(TaskBuilder& builder) const = 0;
  // What Measure gives, in its order, without values: known before anything is evaluated.
  virtual std::vector<Metric> metrics() const = 0;
  // A pure function of the totals, so every rank gets the same bits.
  virtual Result<std::vector<Metric>> Measure(const Gathered& gathered) const = 0;
  // The metric by which evaluations are compared where the recipe names none.
  virtual std::string_view primary() const = 0;
  // Failed-precondition: the task has no classes. `names`: of classes, in order; others are
  // numbered.
  virtual Result<ClassTable> PerClass(const Gathered& gathered,
                                      const std::vector<std::string>& names) const;
};

// The tensor of that name, made of the first field of a kind. Failed-precondition naming the fields
// of the schema where there is none. For Task::Inputs.
Result<InputSpec> FirstField(const Task& task, const Schema& schema, FieldKind kind,
                             std::string tensor);
// The inputs of a task on images that each have a label: the tensors "image" and "label".
Result<std::vector<InputSpec>> InputsOfLabelledImages(const Task& task, const Schema& schema);

// The metric by which a run compares evaluations, without a value: one of the task's, "loss", or
// the task's primary where `name` is empty. Invalid-argument naming those there are.
Result<Metric> MetricForBest(const Task& task, std::string_view name);

}  // namespace lockstep::graph
