// SPDX-License-Identifier: Apache-2.0
// Task: what a model is evaluated by. A task adds sums to the graph of an evaluation batch; whoever
// evaluates adds those up over the batches of a split, knowing nothing of them but name and type,
// and hands the totals back to the task, which makes metrics of them. One folder a task; the build
// finds it (registry.h). No name of a metric stands outside its task's folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metric.h"
#include "base/shape.h"
#include "base/status.h"
#include "ops/core/emitter.h"

namespace lockstep::graph {

// The mean of the loss pair, in lists of metrics: every task has one.
inline constexpr std::string_view kLossMetric = "loss";

// The graph of an evaluation batch as a task sees it.
class EvalBuilder {
 public:
  // `output` is the model's, `target` what the dataset says of the same rows.
  EvalBuilder(ops::Emitter* emit, ops::Value output, ops::Value target)
      : emit_(emit), output_(output), target_(target) {}

  ops::Emitter* emit() { return emit_; }
  ops::Value output() const { return output_; }  // logits [N, classes]
  ops::Value target() const { return target_; }  // labels i32 [N]

  // A tensor, i64 or f64, of any small shape that does not depend on the number of rows. Its
  // elements are added up over the batches of a split: f64 in the order of batches within a lane
  // and by the canonical sum over lanes.
  void Sum(std::string name, ops::Value value) { sums_.emplace_back(std::move(name), value); }
  const std::vector<std::pair<std::string, ops::Value>>& sums() const { return sums_; }

 private:
  ops::Emitter* emit_;
  ops::Value output_, target_;
  std::vector<std::pair<std::string, ops::Value>> sums_;
};

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

class Task {
 public:
  virtual ~Task() = default;
  virtual std::string_view name() const = 0;
  // Whether it is the task of a recipe that names none; true of one task.
  virtual bool is_default() const { return false; }

  // Adds the sums of an evaluation batch.
  virtual void Eval(EvalBuilder& builder) const = 0;
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

// The metric by which a run compares evaluations, without a value: one of the task's, "loss", or
// the task's primary where `name` is empty. Invalid-argument naming those there are.
Result<Metric> MetricForBest(const Task& task, std::string_view name);

}  // namespace lockstep::graph
