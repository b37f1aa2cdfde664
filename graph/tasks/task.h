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

#include "base/bytes.h"
#include "base/ids.h"
#include "base/metric.h"
#include "base/options/option.h"
#include "base/sample/input_spec.h"
#include "base/sample/schema.h"
#include "base/shape.h"
#include "base/status.h"
#include "graph/tasks/task_builder.h"

namespace lockstep::graph {

// The mean of the loss pair, in lists of metrics: every task has one.
inline constexpr std::string_view kLossMetric = "loss";

// The total of one sum over a split, a step or an epoch.
struct SumTotal {
  std::string name;
  Shape shape;
  std::vector<int64_t> i64;  // the elements of an i64 sum, in order; else empty
  std::vector<double> f64;   // those of an f64 sum
  int64_t samples = 0;       // of the batches that it was added up over
};

// A value that an evaluation keeps of one sample (TaskBuilder::PerSample).
struct SampleValue {
  std::string name;
  TensorType type;  // without the dimension of rows
  const void* data = nullptr;
  // How many entries of the first dimension of `type` count; -1 where the task gave no count.
  int64_t count = -1;
};

// A sample as Task::Score sees it, on the rank that has it.
struct HostRow {
  SampleId id;
  std::vector<SampleValue> values;  // in the order in which the task gave them
  const SampleValue* Find(std::string_view name) const;
};

// What Task::Score has made of a sample.
struct SampleRow {
  SampleId id;
  std::string bytes;
  bool operator==(const SampleRow&) const = default;
};

// All that an evaluation, or the steps of an epoch so far, have gathered.
struct Gathered {
  int64_t samples = 0;
  std::vector<SumTotal> sums;  // in the order in which the task added them
  // What is kept of every sample of the split, by increasing id; empty where the task keeps
  // nothing.
  std::vector<SampleRow> rows = {};
  Schema schema = {};  // of the dataset; of evaluations
  Attrs options = {};  // of the task, complete; of evaluations
  const SumTotal* Find(std::string_view name) const;
  // Adds the totals of a further step, which has the same sums; they may be missing here.
  void Add(const Gathered& step);
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
  // It runs in the steps 0, every, 2 every, ... of the run. That of the first phase is 1, since its
  // loss is the step's.
  int32_t every = 1;

  bool RunsIn(int64_t step) const { return step % every == 0; }
};

// How many outputs a model needs for what a dataset has.
struct OutputCount {
  int64_t count = 0;
  std::string_view of = "classes";  // what there are so many of: "classes", "numbers"
};

// The name of the one network of a task that has one.
inline constexpr char kModelNetwork[] = "model";

class Task {
 public:
  virtual ~Task() = default;
  virtual std::string_view name() const = 0;
  // One line that says what it is, for people.
  virtual std::string_view doc() const { return ""; }

  // What a recipe may set of it, in task_options.
  virtual const OptionList& options() const;
  // The networks of a run whose recipe names `model` (called kModelNetwork).
  virtual std::vector<NetworkSpec> networks(const NetworkSpec& model) const { return {model}; }
  virtual std::vector<PhaseSpec> phases() const { return {{"train", {kModelNetwork}}}; }
  // The tensors that Train and Eval read, in the order in which a batch has them. A failure says
  // which field the task misses, and what the schema has (FirstField).
  virtual Result<std::vector<InputSpec>> Inputs(const Schema& schema) const = 0;
  // The outputs of a model where the recipe names no number (model.classes), and the fewest it may
  // name. By default one for each class of the first field that the task reads and that has names.
  virtual OutputCount Outputs(const Schema& schema) const;

  // Writes what a lane runs in a phase: its forward half and its loss.
  virtual void Train(size_t phase, TaskBuilder& builder) const = 0;
  // The value of a scalar that Train reads, in a step (0-based): a pure function.
  virtual double ScalarAt(std::string_view scalar, int64_t step) const;
  // What people are shown of the sums of training (TaskBuilder::Sum), of a step or of an epoch. A
  // pure function, whose names and their order do not depend on values. By default, each sum of one
  // number is shown under its name as its mean over the samples, NaN where there are none.
  virtual std::vector<Metric> MeasureStep(const Gathered& gathered) const;
  // Writes what an evaluation batch runs: the loss, and the sums that Measure reads.
  virtual void Eval(TaskBuilder& builder) const = 0;
  // What Measure gives, in its order, without values: known before anything is evaluated.
  virtual std::vector<Metric> metrics() const = 0;
  // Writes what Measure needs of a sample: a pure function. By default the values one behind the
  // other: the count where there is one (i64), then the elements that count, as they lie in memory.
  // A count outside [0, entries] is a failure.
  virtual Status Score(const HostRow& row, ByteWriter* bytes) const;
  // The most bytes that Score writes of a sample whose values and counts (8 bytes each) take
  // `bytes`: what eval.max_rows_mib is compared with before the first step.
  virtual int64_t MostScoreBytes(int64_t bytes) const { return bytes; }
  // A pure function of the totals, so every rank gets the same bits. Where the task keeps rows of
  // samples, rank 0 alone has them and calls it, and the others are told the values.
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
