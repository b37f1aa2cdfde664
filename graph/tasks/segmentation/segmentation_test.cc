// SPDX-License-Identifier: Apache-2.0
// The metrics of segmentation on counts written by hand, what its graphs are made of, and what it
// refuses before anything runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "graph/program/program.h"
#include "graph/tasks/registry.h"

namespace lockstep::graph {
namespace {

using ::testing::AllOf;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Task& Segmentation() {
  const auto task = FindTask("segmentation");
  CHECK(task.ok()) << task.status();
  return **task;
}

// Four classes: the third never occurs and is predicted once, the fourth neither.
Gathered Confusion() {
  return {.samples = 2,
          .sums = {{.name = "confusion",
                    .shape = {4, 4},
                    .i64 = {5, 1, 0, 0, 2, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}}}};
}
Gathered ClassCounts() {
  return {
      .samples = 2,
      .sums = {
          {.name = "class_counts", .shape = {3, 4}, .i64 = {5, 3, 0, 0, 7, 4, 1, 0, 6, 6, 0, 0}}}};
}

double ValueOf(const Gathered& gathered, std::string_view name) {
  const auto metrics = Segmentation().Measure(gathered);
  CHECK(metrics.ok()) << metrics.status();
  const Metric* metric = FindMetric(*metrics, name);
  CHECK(metric != nullptr) << name;
  return metric->value;
}

// sklearn.metrics.jaccard_score, accuracy_score and f1_score of the same pixels, macro averages: a
// class that neither occurs nor is predicted is left out.
TEST(Segmentation, MetricsAreScikitLearns) {
  for (const Gathered& gathered : {Confusion(), ClassCounts()}) {
    EXPECT_THAT(ValueOf(gathered, "miou"), DoubleEq(0.351190476190476164));
    EXPECT_THAT(ValueOf(gathered, "pixel_accuracy"), DoubleEq(0.66666666666666663));
    EXPECT_THAT(ValueOf(gathered, "mean_dice"), DoubleEq(0.45641025641025645));
  }
  Gathered nothing = Confusion();
  std::fill(nothing.sums[0].i64.begin(), nothing.sums[0].i64.end(), 0);
  for (const Metric& metric : Segmentation().metrics()) {
    EXPECT_EQ(ValueOf(nothing, metric.name), 0.0) << metric.name;
  }
}

TEST(Segmentation, ValuesOfEachClassAreScikitLearnsWithZeroDivision0) {
  for (const Gathered& gathered : {Confusion(), ClassCounts()}) {
    const auto table = Segmentation().PerClass(gathered, {"ground", "disc"});
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_THAT(table->columns, ElementsAre("iou", "dice"));
    EXPECT_THAT(table->classes, ElementsAre("ground", "disc", "2", "3"));
    EXPECT_THAT(table->support, ElementsAre(6, 6, 0, 0)) << "pixels";
    EXPECT_THAT(table->values[0], ElementsAre(DoubleEq(0.625), DoubleEq(0.76923076923076927)));
    EXPECT_THAT(table->values[1], ElementsAre(DoubleEq(0.42857142857142855), DoubleEq(0.6)));
    EXPECT_THAT(table->values[2], ElementsAre(0.0, 0.0));
    EXPECT_THAT(table->values[3], ElementsAre(0.0, 0.0));
  }
  EXPECT_EQ(Segmentation().PerClass(Confusion(), {})->confusion.size(), 4u);
  EXPECT_TRUE(Segmentation().PerClass(ClassCounts(), {})->confusion.empty());
}

TEST(Segmentation, WithoutItsSumsItMeasuresNothing) {
  Gathered gathered = Confusion();
  gathered.sums[0].shape = {16};
  EXPECT_THAT(Segmentation().Measure(gathered).status().message(), HasSubstr("'confusion'"));
}

ProgramOptions OptionsOf(std::string_view name) {
  const auto model = FindModel(name);
  CHECK(model.ok()) << model.status();
  ProgramOptions options = DescribedFor(**model);
  options.lane_batch = 2;
  return options;
}

size_t Losses(const Result<Graph>& graph) {
  CHECK(graph.ok()) << graph.status();
  size_t count = 0;
  for (const Node& node : graph->nodes()) count += node.op->name == "pixel_cross_entropy";
  return count;
}

TEST(Segmentation, AnAuxiliaryHeadIsTrainedAndNotEvaluated) {
  ProgramOptions options = OptionsOf("fcn-resnet50");
  const auto with = Program::Make(options);
  ASSERT_TRUE(with.ok()) << with.status();
  EXPECT_EQ(Losses(with->Lane(2)), 2u);
  EXPECT_EQ(Losses(with->Eval(2)), 1u);
  options.model_options.own = {{"aux_weight", 0.0}};
  const auto without = Program::Make(options);
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_EQ(Losses(without->Lane(2)), 1u);
  EXPECT_EQ(with->parameter_count() - without->parameter_count(), 2365205);
}

std::string Refusal(const ProgramOptions& options) {
  const auto program = Program::Make(options);
  return program.ok() ? "" : program.status().ToString();
}

TEST(Segmentation, WhatDoesNotFitIsRefusedWithTheRemedy) {
  ProgramOptions options = OptionsOf("mini-unet");
  options.loss.name = "cross-entropy";
  EXPECT_THAT(Refusal(options),
              AllOf(HasSubstr("'cross-entropy'"),
                    HasSubstr("losses that fit: 'dice', 'focal', 'pixel-cross-entropy'")));
  options = OptionsOf("mini-unet");
  options.image = {60, 64, 3};
  EXPECT_THAT(Refusal(options),
              AllOf(HasSubstr("60,64,3"), HasSubstr("sides divisible by 8"), HasSubstr("augment")));
  options = OptionsOf("unet");
  options.eval_image = {72, 64, 3};
  EXPECT_THAT(Refusal(options), AllOf(HasSubstr("72,64,3"), HasSubstr("divisible by 16")));
  options = OptionsOf("unet");
  options.loss.options = {{"class_weights", std::vector<double>{1.0, 2.0}}};
  EXPECT_THAT(Refusal(options),
              AllOf(HasSubstr("loss.class_weights has 2 numbers"), HasSubstr("21 classes")));
  options = OptionsOf("unet");
  options.schema = ImageAndLabel({"a", "b"});
  EXPECT_THAT(Refusal(options), AllOf(HasSubstr("kind 'mask'"), HasSubstr("label (2 classes)")));
  options = OptionsOf("unet");
  options.model = "resnet18";
  EXPECT_THAT(Refusal(options), HasSubstr("logits is f32[2,21]"));
}

TEST(Segmentation, EveryLossOfMasksTrainsAUNet) {
  for (const char* loss : {"pixel-cross-entropy", "focal", "dice"}) {
    ProgramOptions options = OptionsOf("unet");
    options.loss.name = loss;
    EXPECT_EQ(Refusal(options), "") << loss;
  }
}

}  // namespace
}  // namespace lockstep::graph
