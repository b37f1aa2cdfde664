// SPDX-License-Identifier: Apache-2.0
// The task of telling to which of C classes an image belongs.
#include <memory>

#include "graph/tasks/classification/counts.h"
#include "graph/tasks/classification/metrics.h"

namespace lockstep::graph::classification {
namespace {

struct Predictions {
  Value logits;  // (N, classes)
  Value labels;  // i32 (N)
};

// The forward half, with the recipe's loss.
Predictions AddLoss(TaskBuilder& b) {
  const Value image = b.Input("image"), labels = b.Input("label");
  const Value logits = b.Call(kModelNetwork, kForward, {{std::string(kImage), image}})[kOut];
  b.Loss(b.RecipeLoss(logits, labels, ops::kLabelTarget));
  return {logits, labels};
}

class Classification : public Task {
 public:
  std::string_view name() const override { return "classification"; }
  std::string_view doc() const override { return "one of several classes for each image"; }

  Result<std::vector<InputSpec>> Inputs(const Schema& schema) const override {
    return InputsOfLabelledImages(*this, schema);
  }

  void Train(size_t, TaskBuilder& builder) const override { AddLoss(builder); }

  void Eval(TaskBuilder& builder) const override {
    const Predictions found = AddLoss(builder);
    AddCounts(builder, found.logits, found.labels);
  }

  std::vector<Metric> metrics() const override {
    std::vector<Metric> metrics;
    for (const MetricRule& rule : MetricRules()) {
      metrics.push_back({.name = std::string(rule.name),
                         .larger_is_better = rule.larger_is_better,
                         .unit = std::string(rule.unit)});
    }
    return metrics;
  }

  Result<std::vector<Metric>> Measure(const Gathered& gathered) const override {
    ASSIGN_OR_RETURN(const Counts counts, CountsOf(gathered));
    std::vector<Metric> measured = metrics();
    for (size_t i = 0; i < measured.size(); ++i) {
      measured[i].value = MetricRules()[i].measure(counts);
    }
    return measured;
  }

  std::string_view primary() const override { return Primary(); }

  Result<ClassTable> PerClass(const Gathered& gathered,
                              const std::vector<std::string>& names) const override {
    ASSIGN_OR_RETURN(Counts counts, CountsOf(gathered));
    ClassTable table;
    table.columns = {"precision", "recall", "f1"};
    for (size_t i = 0; i < counts.actual.size(); ++i) {
      table.classes.push_back(i < names.size() ? names[i] : std::to_string(i));
      const ClassScores scores = ScoresOf(counts, i);
      table.values.push_back({scores.precision, scores.recall, scores.f1});
    }
    table.support = std::move(counts.actual);
    table.confusion = std::move(counts.confusion);
    return table;
  }
};

}  // namespace

std::unique_ptr<const Task> MakeTask() { return std::make_unique<const Classification>(); }

}  // namespace lockstep::graph::classification
