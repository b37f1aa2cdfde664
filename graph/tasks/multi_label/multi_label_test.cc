// SPDX-License-Identifier: Apache-2.0
// The metrics of multi-label classification against scikit-learn's (testdata/answers.py), with ties
// and a label that no sample has; what is kept of samples; what is refused before anything runs.
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

const Task& MultiLabel() {
  const auto task = FindTask("multi-label");
  CHECK(task.ok()) << task.status();
  return **task;
}

constexpr int64_t kLabels = 4;
// Each has ties among its scores; the last is of no sample.
const std::vector<std::vector<float>> kScores = {{2.0f, -1, 0.5f, -3},     {1, -1, 0.5f, -2},
                                                 {1, 3, -0.5f, -1},        {-0.5f, 0, 0.5f, -4},
                                                 {0.0f, 0.25f, -2, -0.5f}, {1, -1, 4, -1}};
const std::vector<std::vector<float>> kHas = {{1, 0, 1, 0}, {0, 1, 1, 0}, {1, 1, 0, 0},
                                              {0, 0, 0, 0}, {1, 1, 0, 0}, {0, 0, 1, 0}};

SampleRow RowOf(uint64_t id, const std::vector<float>& scores, const std::vector<float>& has) {
  const TensorType type{DType::kFloat32, {kLabels}};
  const HostRow row{.id = SampleId(id),
                    .values = {{"score", type, scores.data()}, {"labels", type, has.data()}}};
  ByteWriter bytes;
  EXPECT_TRUE(MultiLabel().Score(row, &bytes).ok());
  EXPECT_LE(static_cast<int64_t>(bytes.bytes().size()),
            MultiLabel().MostScoreBytes(2 * type.bytes()));
  return {SampleId(id), std::move(bytes).Take()};
}

Gathered AllRows(double threshold) {
  Gathered gathered{.samples = static_cast<int64_t>(kScores.size())};
  for (size_t n = 0; n < kScores.size(); ++n) {
    gathered.rows.push_back(RowOf(n, kScores[n], kHas[n]));
  }
  gathered.options = {{"threshold", threshold}};
  return gathered;
}

std::vector<double> Values(const Gathered& gathered) {
  const auto metrics = MultiLabel().Measure(gathered);
  CHECK(metrics.ok()) << metrics.status();
  EXPECT_EQ(NamesOf(*metrics), (std::vector<std::string>{"map", "micro_f1", "macro_f1"}));
  std::vector<double> values;
  for (const Metric& metric : *metrics) values.push_back(metric.value);
  return values;
}

TEST(MultiLabel, MetricsAreScikitLearns) {
  EXPECT_THAT(Values(AllRows(0.5)),
              ElementsAre(DoubleEq(0.5916666666666666), DoubleEq(0.761904761904762),
                          DoubleEq(0.5684523809523809)));
  EXPECT_THAT(Values(AllRows(0.7)),
              ElementsAre(DoubleEq(0.5916666666666666), DoubleEq(0.5333333333333333),
                          DoubleEq(0.3928571428571429)));
}

TEST(MultiLabel, ValuesOfEachLabelAreScikitLearnsWithZeroDivision0) {
  const auto table = MultiLabel().PerClass(AllRows(0.7), {"cat", "dog"});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->columns, ElementsAre("ap", "precision", "recall", "f1"));
  EXPECT_THAT(table->classes, ElementsAre("cat", "dog", "2", "3"));
  EXPECT_THAT(table->support, ElementsAre(3, 3, 3, 0));
  EXPECT_THAT(table->values[0], ElementsAre(DoubleEq(0.7), DoubleEq(0.5), DoubleEq(2.0 / 3.0),
                                            DoubleEq(0.5714285714285715)));
  EXPECT_THAT(table->values[1], ElementsAre(DoubleEq(0.8333333333333333), DoubleEq(1.0),
                                            DoubleEq(1.0 / 3.0), DoubleEq(0.5)));
  EXPECT_THAT(table->values[2], ElementsAre(DoubleEq(0.8333333333333333), DoubleEq(1.0),
                                            DoubleEq(1.0 / 3.0), DoubleEq(0.5)));
  EXPECT_THAT(table->values[3], ElementsAre(0.0, 0.0, 0.0, 0.0));
}

TEST(MultiLabel, AScoreThatIsNoNumberStandsLastAndIsTakenForNothing) {
  Gathered gathered{.samples = 3};
  gathered.rows = {RowOf(0, {NAN, 0, 0, 0}, {1, 0, 0, 0}), RowOf(1, {NAN, 0, 0, 0}, {0, 0, 0, 0}),
                   RowOf(2, {-9, 0, 0, 0}, {1, 0, 0, 0})};
  gathered.options = {{"threshold", 0.5}};
  const auto table = MultiLabel().PerClass(gathered, {});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->values[0], ElementsAre(DoubleEq(0.5 + 0.5 * 2.0 / 3.0), 0.0, 0.0, 0.0));
}

TEST(MultiLabel, NothingMeasuresAsNothingAndBrokenRowsAreRefused) {
  Gathered gathered;
  gathered.options = {{"threshold", 0.5}};
  EXPECT_THAT(Values(gathered), ElementsAre(0.0, 0.0, 0.0));
  gathered = AllRows(0.5);
  gathered.rows[3].bytes.pop_back();
  EXPECT_FALSE(MultiLabel().Measure(gathered).ok());
}

ProgramOptions Options() {
  ProgramOptions options;
  options.model = "mlp-784-128-64-10";
  options.model_options.classes = 3;
  options.image = {28, 28, 1};
  options.task = "multi-label";
  options.loss.name = "bce";
  options.schema = {{{.name = "image", .kind = FieldKind::kImage},
                     {.name = "seen", .kind = FieldKind::kLabels, .classes = {"a", "b", "c"}}}};
  return options;
}

std::string Refusal(const ProgramOptions& options) {
  const auto program = Program::Make(options);
  return program.ok() ? "" : program.status().ToString();
}

TEST(MultiLabel, KeepsNineBytesOfALabel) {
  const auto program = Program::Make(Options());
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(program->score_bytes(), 27);
  EXPECT_EQ(MultiLabel().Outputs(Options().schema).count, 3);
}

TEST(MultiLabel, WhatDoesNotFitIsRefusedWithTheRemedy) {
  ProgramOptions options = Options();
  options.loss.name = "cross-entropy";
  EXPECT_THAT(Refusal(options),
              AllOf(HasSubstr("'cross-entropy'"), HasSubstr("losses that fit: 'bce'")));
  options = Options();
  options.model_options.classes = 10;
  EXPECT_THAT(Refusal(options), AllOf(HasSubstr("labels f32[1,3]"), HasSubstr("f32[1,10]"),
                                      HasSubstr("remove model.classes")));
  options = Options();
  options.schema = ImageAndLabel({"a", "b"});
  EXPECT_THAT(Refusal(options), AllOf(HasSubstr("kind 'labels'"), HasSubstr("'classification'")));
  options = Options();
  options.loss.options = {{"pos_weight", std::vector<double>{1.0, 2.0}}};
  EXPECT_THAT(Refusal(options), AllOf(HasSubstr("loss.pos_weight has 2"), HasSubstr("3 labels")));
  options = Options();
  options.task_options = {{"threshold", 1.0}};
  EXPECT_THAT(Refusal(options), AllOf(HasSubstr("task 'multi-label'"), HasSubstr("threshold")));
}

}  // namespace
}  // namespace lockstep::graph
