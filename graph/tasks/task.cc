// SPDX-License-Identifier: Apache-2.0
#include "graph/tasks/task.h"

#include <algorithm>

#include "base/check.h"

namespace lockstep::graph {

const SumTotal* Gathered::Find(std::string_view name) const {
  const auto found =
      std::find_if(sums.begin(), sums.end(), [&](const SumTotal& sum) { return sum.name == name; });
  return found == sums.end() ? nullptr : &*found;
}

double Task::ScalarAt(std::string_view scalar, int64_t) const {
  CHECK(false) << "the task " << name() << " gives no value of its scalar " << scalar;
  return 0.0;
}

Result<ClassTable> Task::PerClass(const Gathered&, const std::vector<std::string>&) const {
  return FailedPrecondition("the task '" + std::string(name()) +
                            "' has no classes, so it has no values of each; leave --per-class out");
}

Result<InputSpec> FirstField(const Task& task, const Schema& schema, FieldKind kind,
                             std::string tensor) {
  const int index = schema.FirstOf(kind);
  if (index < 0) {
    return FailedPrecondition("the task '" + std::string(task.name()) +
                              "' reads a field of the kind '" + std::string(FieldKindName(kind)) +
                              "', and the dataset has none; it has " + schema.ToString());
  }
  return InputSpec{.tensor = std::move(tensor),
                   .field = schema.fields[static_cast<size_t>(index)].name};
}

Result<std::vector<InputSpec>> InputsOfLabelledImages(const Task& task, const Schema& schema) {
  ASSIGN_OR_RETURN(InputSpec image, FirstField(task, schema, FieldKind::kImage, "image"));
  ASSIGN_OR_RETURN(InputSpec label, FirstField(task, schema, FieldKind::kLabel, "label"));
  return std::vector<InputSpec>{std::move(image), std::move(label)};
}

Result<Metric> MetricForBest(const Task& task, std::string_view name) {
  std::vector<Metric> metrics = task.metrics();
  metrics.push_back({.name = std::string(kLossMetric), .larger_is_better = false, .unit = ""});
  const std::string_view wanted = name.empty() ? task.primary() : name;
  if (const Metric* found = FindMetric(metrics, wanted)) return *found;
  std::string names;
  for (const Metric& metric : metrics) names += (names.empty() ? "" : ", ") + metric.name;
  return InvalidArgument("eval.best is '" + std::string(name) +
                         "', which is no metric of the task '" + std::string(task.name()) +
                         "'; there are " + names);
}

}  // namespace lockstep::graph
