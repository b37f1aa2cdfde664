// SPDX-License-Identifier: Apache-2.0
// The metrics of regression against scikit-learn's (testdata/answers.py), with an output whose
// targets are all equal; what is kept of samples; what is refused before anything runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/bytes.h"
#include "graph/program/program.h"
#include "graph/tasks/registry.h"

namespace lockstep::graph {
namespace {

using ::testing::AllOf;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Task& Regression() {
  const auto task = FindTask("regression");
  CHECK(task.ok()) << task.status();
  return **task;
}

using Rows = std::vector<std::vector<double>>;
const Rows kTargets = {{1, 5, 3}, {2, 5, 1}, {4, 5, -2}, {-1, 5, 0.5}, {0.5, 5, 7}};
const Rows kPredictions = {{1.5, 5, 2}, {1, 5.5, 1}, {4.25, 5, -1}, {0, 5, 0.25}, {0.5, 4, 6}};

Gathered Of(const Rows& predictions, const Rows& targets) {
  Gathered gathered{.samples = static_cast<int64_t>(targets.size())};
  for (size_t n = 0; n < targets.size(); ++n) {
    const TensorType type{DType::kFloat64, {static_cast<int64_t>(targets[n].size())}};
    const HostRow row{.id = SampleId(n),
                      .values = {{"prediction", type, predictions[n].data()},
                                 {"numbers", type, targets[n].data()}}};
    ByteWriter bytes;
    EXPECT_TRUE(Regression().Score(row, &bytes).ok());
    gathered.rows.push_back({row.id, std::move(bytes).Take()});
  }
  return gathered;
}

std::vector<double> Values(const Gathered& gathered) {
  const auto metrics = Regression().Measure(gathered);
  CHECK(metrics.ok()) << metrics.status();
  EXPECT_EQ(NamesOf(*metrics), (std::vector<std::string>{"r2", "mae", "rmse"}));
  std::vector<double> values;
  for (const Metric& metric : *metrics) values.push_back(metric.value);
  return values;
}

TEST(Regression, MetricsAreScikitLearns) {
  EXPECT_THAT(
      Values(Of(kPredictions, kTargets)),
      ElementsAre(DoubleEq(0.5882243704843743), DoubleEq(0.5), DoubleEq(0.6645800679125629)));
}

TEST(Regression, ValuesOfEachNumberAreScikitLearns) {
  const auto table = Regression().PerClass(Of(kPredictions, kTargets), {"age"});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->columns, ElementsAre("r2", "mae", "rmse"));
  EXPECT_THAT(table->classes, ElementsAre("age", "1", "2"));
  EXPECT_THAT(table->support, ElementsAre(5, 5, 5));
  EXPECT_THAT(table->values[0], ElementsAre(DoubleEq(0.832427536231884), DoubleEq(0.55),
                                            DoubleEq(0.6800735254367721)));
  EXPECT_THAT(table->values[1], ElementsAre(0.0, DoubleEq(0.3), DoubleEq(0.5)))
      << "targets that are all equal";
  EXPECT_THAT(table->values[2], ElementsAre(DoubleEq(0.932245575221239), DoubleEq(0.65),
                                            DoubleEq(0.7826237921249264)));
}

TEST(Regression, EqualTargetsThatAreAllMetHaveAnR2Of1) {
  EXPECT_THAT(Values(Of({{3}, {3}}, {{3}, {3}})), ElementsAre(1.0, 0.0, 0.0));
}

TEST(Regression, R2OfOneSampleAndAllOfNoneAreNoNumbers) {
  const std::vector<double> one = Values(Of({{3}}, {{4}}));
  EXPECT_TRUE(std::isnan(one[0]));
  EXPECT_EQ(one[1], 1.0);
  for (const double value : Values({})) EXPECT_TRUE(std::isnan(value));
}

TEST(Regression, BrokenRowsAreRefused) {
  Gathered gathered = Of(kPredictions, kTargets);
  gathered.rows[3].bytes.pop_back();
  EXPECT_FALSE(Regression().Measure(gathered).ok());
}

ProgramOptions Options(const std::string& loss) {
  ProgramOptions options;
  options.model = "mlp-784-128-64-10";
  options.model_options.classes = 2;
  options.image = {28, 28, 1};
  options.task = "regression";
  options.loss.name = loss;
  options.schema = {{{.name = "image", .kind = FieldKind::kImage},
                     {.name = "height_and_age", .kind = FieldKind::kNumbers, .most = 2}}};
  return options;
}

std::string Refusal(const ProgramOptions& options) {
  const auto program = Program::Make(options);
  return program.ok() ? "" : program.status().ToString();
}

TEST(Regression, EveryLossOfNumbersTrainsAModelOfAsManyOutputs) {
  for (const char* loss : {"l1", "mse", "smooth-l1"}) {
    const auto program = Program::Make(Options(loss));
    ASSERT_TRUE(program.ok()) << loss << ": " << program.status();
    EXPECT_EQ(program->score_bytes(), 32);
  }
  const OutputCount outputs = Regression().Outputs(Options("mse").schema);
  EXPECT_EQ(outputs.count, 2);
  EXPECT_EQ(outputs.of, "numbers");
}

TEST(Regression, WhatDoesNotFitIsRefusedWithTheRemedy) {
  EXPECT_THAT(
      Refusal(Options("cross-entropy")),
      AllOf(HasSubstr("'cross-entropy'"), HasSubstr("losses that fit: 'l1', 'mse', 'smooth-l1'")));
  ProgramOptions options = Options("mse");
  options.model_options.classes = 10;
  EXPECT_THAT(Refusal(options), AllOf(HasSubstr("numbers f32[1,2]"), HasSubstr("f32[1,10]"),
                                      HasSubstr("remove model.classes")));
  options = Options("mse");
  options.schema = ImageAndLabel({"a", "b"});
  EXPECT_THAT(Refusal(options), AllOf(HasSubstr("kind 'numbers'"), HasSubstr("'classification'")));
}

}  // namespace
}  // namespace lockstep::graph
