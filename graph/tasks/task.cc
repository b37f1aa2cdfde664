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

const SampleValue* HostRow::Find(std::string_view name) const {
  const auto found = std::find_if(values.begin(), values.end(),
                                  [&](const SampleValue& value) { return value.name == name; });
  return found == values.end() ? nullptr : &*found;
}

Status Task::Score(const HostRow& row, ByteWriter* bytes) const {
  for (const SampleValue& value : row.values) {
    auto size = static_cast<size_t>(value.type.bytes());
    if (value.count >= 0) {
      const int64_t most = value.type.shape[0];
      if (value.count > most) {
        return Internal("the task '" + std::string(this->name()) + "' counts " +
                        std::to_string(value.count) + " entries of '" + value.name +
                        "', which has " + std::to_string(most));
      }
      bytes->I64(value.count);
      if (most > 0) size = size / static_cast<size_t>(most) * static_cast<size_t>(value.count);
    }
    bytes->Raw(value.data, size);
  }
  return OkStatus();
}

void Gathered::Add(const Gathered& step) {
  samples += step.samples;
  if (sums.empty()) {
    sums = step.sums;
    for (SumTotal& sum : sums) {
      sum.samples = 0;
      std::fill(sum.i64.begin(), sum.i64.end(), 0);
      std::fill(sum.f64.begin(), sum.f64.end(), 0.0);
    }
  }
  CHECK_EQ(sums.size(), step.sums.size());
  for (size_t i = 0; i < sums.size(); ++i) {
    SumTotal& to = sums[i];
    const SumTotal& from = step.sums[i];
    CHECK_EQ(to.name, from.name);
    to.samples += from.samples;
    for (size_t k = 0; k < to.i64.size(); ++k) to.i64[k] += from.i64[k];
    for (size_t k = 0; k < to.f64.size(); ++k) to.f64[k] += from.f64[k];
  }
}

std::vector<Metric> Task::MeasureStep(const Gathered& gathered) const {
  std::vector<Metric> measured;
  for (const SumTotal& sum : gathered.sums) {
    if (sum.shape.rank() > 0) continue;
    Metric metric{.name = sum.name, .larger_is_better = false, .unit = ""};
    const double total = sum.i64.empty() ? sum.f64.front() : static_cast<double>(sum.i64.front());
    if (sum.samples > 0) metric.value = total / static_cast<double>(sum.samples);
    measured.push_back(std::move(metric));
  }
  return measured;
}

const OptionList& Task::options() const {
  static const auto* const kNone = new OptionList();
  return *kNone;
}

OutputCount Task::Outputs(const Schema& schema) const {
  const Result<std::vector<InputSpec>> inputs = Inputs(schema);
  if (!inputs.ok()) return {};
  for (const InputSpec& input : *inputs) {
    const FieldSpec* const field = schema.Find(input.field);
    if (field == nullptr || field->classes.empty()) continue;
    return {static_cast<int64_t>(field->classes.size()), "classes"};
  }
  return {};
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
