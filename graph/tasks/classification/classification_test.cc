// SPDX-License-Identifier: Apache-2.0
// The metrics of classification on counts written by hand, and which sums hold them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "graph/ir/builder.h"
#include "graph/tasks/classification/counts.h"
#include "graph/tasks/registry.h"
#include "ops/core/registry.h"

namespace lockstep::graph {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Task& Classification() {
  const auto task = FindTask("classification");
  CHECK(task.ok()) << task.status();
  return **task;
}

// Three classes: 4 samples of the first, 3 of the second, none of the third.
Gathered Confusion() {
  return {.samples = 7,
          .sums = {{.name = "confusion", .shape = {3, 3}, .i64 = {3, 1, 0, 2, 1, 0, 0, 0, 0}},
                   {.name = "in_top_k", .shape = {}, .i64 = {7}}}};
}
// Those samples as counts of each class.
Gathered ClassCounts() {
  return {.samples = 7,
          .sums = {{.name = "class_counts", .shape = {3, 3}, .i64 = {3, 1, 0, 5, 2, 0, 4, 3, 0}},
                   {.name = "in_top_k", .shape = {}, .i64 = {7}}}};
}

double ValueOf(const Gathered& gathered, std::string_view name) {
  const auto metrics = Classification().Measure(gathered);
  CHECK(metrics.ok()) << metrics.status();
  const Metric* metric = FindMetric(*metrics, name);
  CHECK(metric != nullptr) << name;
  return metric->value;
}

TEST(Classification, MeasuresWhatItSaysItMeasures) {
  const auto metrics = Classification().Measure(Confusion());
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  EXPECT_EQ(NamesOf(*metrics), NamesOf(Classification().metrics()));
  EXPECT_NE(FindMetric(*metrics, Classification().primary()), nullptr);
}

TEST(Classification, TheSharesAreOfAllSamples) {
  for (const Gathered& gathered : {Confusion(), ClassCounts()}) {
    EXPECT_THAT(ValueOf(gathered, "acc1"), DoubleEq(4.0 / 7.0));
    EXPECT_THAT(ValueOf(gathered, "acc5"), DoubleEq(1.0));
  }
}

// sklearn.metrics.balanced_accuracy_score leaves a class out that does not occur, too.
TEST(Classification, BalancedAccuracyIsTheMeanRecallOfTheClassesThatOccur) {
  for (const Gathered& gathered : {Confusion(), ClassCounts()}) {
    EXPECT_THAT(ValueOf(gathered, "balanced_accuracy"), DoubleEq((0.75 + 1.0 / 3.0) / 2.0));
  }
  Gathered nothing = Confusion();
  nothing.samples = 0;
  for (SumTotal& sum : nothing.sums) std::fill(sum.i64.begin(), sum.i64.end(), 0);
  EXPECT_EQ(ValueOf(nothing, "balanced_accuracy"), 0.0);
}

// Rows that hold a NaN are in no matrix; they are samples all the same.
TEST(Classification, ARowThatPredictsNothingCountsAsWrong) {
  Gathered gathered = Confusion();
  gathered.samples = 8;
  EXPECT_THAT(ValueOf(gathered, "acc1"), DoubleEq(4.0 / 8.0));
  EXPECT_THAT(ValueOf(gathered, "acc5"), DoubleEq(7.0 / 8.0));
}

// The numbers are those of sklearn.metrics.precision_recall_fscore_support with zero_division 0.
TEST(Classification, ValuesOfEachClassAreScikitLearns) {
  for (const Gathered& gathered : {Confusion(), ClassCounts()}) {
    const auto table = Classification().PerClass(gathered, {"shirt", "bag"});
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_THAT(table->columns, ElementsAre("precision", "recall", "f1"));
    EXPECT_THAT(table->classes, ElementsAre("shirt", "bag", "2")) << "one class has no name";
    EXPECT_THAT(table->support, ElementsAre(4, 3, 0));
    EXPECT_THAT(table->values[0], ElementsAre(DoubleEq(0.6), DoubleEq(0.75), DoubleEq(6.0 / 9.0)));
    EXPECT_THAT(table->values[1], ElementsAre(DoubleEq(0.5), DoubleEq(1.0 / 3.0), DoubleEq(0.4)));
    EXPECT_THAT(table->values[2], ElementsAre(0.0, 0.0, 0.0));
  }
  EXPECT_THAT(Classification().PerClass(Confusion(), {})->confusion,
              ElementsAre(ElementsAre(3, 1, 0), ElementsAre(2, 1, 0), ElementsAre(0, 0, 0)));
  EXPECT_TRUE(Classification().PerClass(ClassCounts(), {})->confusion.empty());
}

TEST(Classification, WithoutItsSumsItMeasuresNothing) {
  Gathered gathered = Confusion();
  gathered.sums.pop_back();
  EXPECT_THAT(Classification().Measure(gathered).status().message(),
              HasSubstr("no number 'in_top_k'"));
  gathered = Confusion();
  gathered.sums[0].shape = {9};
  EXPECT_THAT(Classification().Measure(gathered).status().message(),
              HasSubstr("no matrix of integers 'confusion'"));
}

const Model& Perceptron() {
  const auto model = FindModel("mlp-784-128-64-10");
  CHECK(model.ok()) << model.status();
  return **model;
}

std::vector<std::string> SumsOf(int64_t classes) {
  TaskParts parts;
  parts.task = "classification";
  parts.networks = {{kModelNetwork, &Perceptron(), {.classes = classes, .own = {}}}};
  parts.inputs = {{"image", DType::kFloat32, {28, 28, 1}}, {"label", DType::kInt32, {}}};
  parts.loss = *ops::OpRegistry::Global().FindLoss("cross-entropy");
  parts.loss_options = *parts.loss->options.Complete({}, "the loss");
  GraphBuilder builder("eval");
  ModelParts model_parts;
  TaskBuilder eval(&builder, &model_parts, &parts, /*rows=*/2, /*training=*/false);
  Classification().Eval(eval);
  EXPECT_TRUE(builder.status().ok()) << builder.status();
  std::vector<std::string> sums;
  for (const auto& [name, value] : eval.sums()) {
    sums.push_back(name + " " + builder.TypeOf(value).ToString());
  }
  return sums;
}

TEST(Classification, CountsPairsOfClassesUpTo1024AndEachClassAbove) {
  EXPECT_THAT(SumsOf(10), ElementsAre("confusion i64[10,10]", "in_top_k i64[]"));
  EXPECT_THAT(SumsOf(1024), ElementsAre("confusion i64[1024,1024]", "in_top_k i64[]"));
  EXPECT_THAT(SumsOf(1025), ElementsAre("class_counts i64[3,1025]", "in_top_k i64[]"));
}

}  // namespace
}  // namespace lockstep::graph
