// SPDX-License-Identifier: Apache-2.0
#include "graph/tasks/task.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "graph/tasks/registry.h"

namespace lockstep::graph {
namespace {

// A task with a sum of doubles and without classes.
class Errors : public Task {
 public:
  std::string_view name() const override { return "errors"; }
  Result<std::vector<InputSpec>> Inputs(const Schema& schema) const override {
    ASSIGN_OR_RETURN(InputSpec mask, FirstField(*this, schema, FieldKind::kMask, "target"));
    return std::vector<InputSpec>{std::move(mask)};
  }
  void Train(size_t, TaskBuilder&) const override {}
  void Eval(TaskBuilder&) const override {}
  std::vector<Metric> metrics() const override {
    return {{.name = "error", .larger_is_better = false, .unit = ""},
            {.name = "bits", .larger_is_better = false, .unit = ""}};
  }
  Result<std::vector<Metric>> Measure(const Gathered&) const override { return metrics(); }
  std::string_view primary() const override { return "error"; }
};

TEST(Task, TheBestIsByItsPrimaryByOneOfItsMetricsOrByTheLoss) {
  const Errors task;
  EXPECT_EQ(MetricForBest(task, "")->name, "error");
  EXPECT_EQ(MetricForBest(task, "bits")->name, "bits");
  const auto loss = MetricForBest(task, "loss");
  ASSERT_TRUE(loss.ok()) << loss.status();
  EXPECT_EQ(loss->name, "loss");
  EXPECT_FALSE(loss->larger_is_better);
  EXPECT_EQ(MetricForBest(task, "errors").status().ToString(),
            "invalid-argument: eval.best is 'errors', which is no metric of the task 'errors'; "
            "there are error, bits, loss");
}

TEST(Task, ReadsTheFirstFieldOfAKindWhateverItsName) {
  const Schema schema{
      {{.name = "scan", .kind = FieldKind::kMask}, {.name = "other", .kind = FieldKind::kMask}}};
  const auto inputs = InputsOf(Errors(), schema);
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_EQ(*inputs, (std::vector<InputSpec>{{.tensor = "target", .field = "scan"}}));
}

TEST(Task, AFieldThatIsAbsentIsAnErrorThatSaysWhatThereIsAndWhatFits) {
  const Schema labelled{{{.name = "photo", .kind = FieldKind::kImage},
                         {.name = "species", .kind = FieldKind::kLabel, .classes = {"a", "b"}}}};
  const std::string absent = InputsOf(Errors(), labelled).status().ToString();
  EXPECT_TRUE(absent.starts_with(
      "failed-precondition: the task 'errors' reads a field of the kind 'mask', and the dataset "
      "has none; it has photo image, species label (2 classes); tasks that fit this dataset: "))
      << absent;
  EXPECT_NE(absent.find("'classification'"), std::string::npos) << absent;
  const Status none = InputsOf(**FindTask("classification"), {}).status();
  EXPECT_EQ(none.ToString(),
            "failed-precondition: the task 'classification' reads a field of the kind 'image', and "
            "the dataset has none; it has no fields; tasks that fit this dataset: none of this "
            "build");
}

TEST(Gathered, StepsAreAddedUpSumBySum) {
  const Gathered step{.samples = 3,
                      .sums = {{.name = "hits", .i64 = {2}, .samples = 3},
                               {.name = "nats", .shape = {2}, .f64 = {0.5, -0.0}, .samples = 3}}};
  Gathered epoch;
  epoch.Add(step);
  epoch.Add(step);
  EXPECT_EQ(epoch.samples, 6);
  EXPECT_EQ(epoch.Find("hits")->i64, std::vector<int64_t>{4});
  EXPECT_EQ(epoch.Find("hits")->samples, 6);
  EXPECT_EQ(epoch.Find("nats")->f64, (std::vector<double>{1.0, 0.0}));
  EXPECT_FALSE(std::signbit(epoch.Find("nats")->f64[1])) << "as if it had begun with zeros";
}

TEST(Task, ShowsEachSumOfOneNumberAsItsMeanOverTheSamples) {
  const Gathered gathered{.samples = 4,
                          .sums = {{.name = "hits", .i64 = {3}, .samples = 4},
                                   {.name = "table", .shape = {2}, .f64 = {1, 2}, .samples = 4},
                                   {.name = "aside", .f64 = {1.5}, .samples = 0}}};
  const std::vector<Metric> measured = Errors().MeasureStep(gathered);
  ASSERT_EQ(NamesOf(measured), (std::vector<std::string>{"hits", "aside"}));
  EXPECT_EQ(measured[0].value, 0.75);
  EXPECT_TRUE(std::isnan(measured[1].value)) << "its phase did not run";
}

TEST(Task, WithoutClassesHasNoValuesOfEach) {
  const auto table = Errors().PerClass({}, {});
  EXPECT_EQ(table.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(table.status().message().find("the task 'errors' has no classes"), std::string::npos);
}

TEST(Task, EveryTaskOfTheBuildNamesItsMetricsOnceAndItsPrimaryAmongThem) {
  std::set<std::string_view> names;
  for (const auto& task : Tasks()) {
    EXPECT_TRUE(names.insert(task->name()).second) << task->name();
    EXPECT_EQ(*FindTask(task->name()), task.get());
    std::set<std::string> metrics;
    for (const Metric& metric : task->metrics()) {
      EXPECT_TRUE(metrics.insert(metric.name).second) << metric.name;
      EXPECT_NE(metric.name, kLossMetric);
      EXPECT_EQ(metric.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"),
                std::string::npos)
          << metric.name << " is a column of results.csv: snake_case";
      EXPECT_TRUE(std::isnan(metric.value)) << metric.name;
    }
    EXPECT_TRUE(metrics.contains(std::string(task->primary())));
  }
}

}  // namespace
}  // namespace lockstep::graph
