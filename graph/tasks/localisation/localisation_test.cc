// SPDX-License-Identifier: Apache-2.0
// The metrics of localisation on places written by hand, what its graphs are made of, and what is
// refused before anything runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/bytes.h"
#include "graph/program/program.h"
#include "graph/tasks/localisation/places.h"
#include "graph/tasks/registry.h"

namespace lockstep::graph {
namespace {

using localisation::Iou;
using localisation::Place;
using ::testing::AllOf;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Task& Localisation() {
  const auto task = FindTask("localisation");
  CHECK(task.ok()) << task.status();
  return **task;
}

// The numbers are those of torchvision.ops.box_iou.
TEST(LocalisationIou, IsOfTheAreas) {
  EXPECT_THAT(Iou({0, 0, 2, 2}, {1, 1, 3, 3}), DoubleEq(1.0 / 7.0));
  EXPECT_THAT(Iou({0, 0, 1, 1}, {0, 0, 1, 1}), DoubleEq(1.0));
  EXPECT_THAT(Iou({0, 0, 1, 0.5}, {0, 0, 1, 1}), DoubleEq(0.5));
  EXPECT_EQ(Iou({0, 0, 1, 1}, {1, 0, 2, 1}), 0.0) << "they touch";
  EXPECT_EQ(Iou({0, 0, 1, 1}, {4, 4, 5, 5}), 0.0);
}

TEST(LocalisationIou, IsZeroOfBoxesThatAreNone) {
  EXPECT_EQ(Iou({0.5, 0, 0.5, 1}, {0, 0, 1, 1}), 0.0);
  EXPECT_EQ(Iou({1, 1, 0, 0}, {0, 0, 1, 1}), 0.0) << "turned round";
  EXPECT_EQ(Iou({0, 0, 0, 0}, {0, 0, 0, 0}), 0.0);
  EXPECT_EQ(Iou({NAN, 0, 1, 1}, {0, 0, 1, 1}), 0.0);
}

Gathered Of(const std::vector<Place>& places) {
  Gathered gathered{.samples = static_cast<int64_t>(places.size())};
  for (size_t n = 0; n < places.size(); ++n) {
    ByteWriter bytes;
    WritePlace(places[n], &bytes);
    EXPECT_EQ(static_cast<int64_t>(bytes.bytes().size()), Localisation().MostScoreBytes(0));
    gathered.rows.push_back({SampleId(n), std::move(bytes).Take()});
  }
  return gathered;
}

std::vector<double> Values(const Gathered& gathered) {
  const auto metrics = Localisation().Measure(gathered);
  CHECK(metrics.ok()) << metrics.status();
  EXPECT_EQ(NamesOf(*metrics), (std::vector<std::string>{"acc_iou50", "acc1", "mean_iou"}));
  std::vector<double> values;
  for (const Metric& metric : *metrics) values.push_back(metric.value);
  return values;
}

TEST(Localisation, MeasuresTheSamplesThatHaveABox) {
  const localisation::Box whole = {0, 0, 1, 1}, half = {0, 0, 1, 0.5}, most = {0, 0, 1, 0.75};
  EXPECT_THAT(Values(Of({{true, 1, {0, 2}, most, whole},
                         {true, 0, {0, 2}, whole, whole},    // another class
                         {true, 1, {0, 2}, half, whole},     // an IoU of 0.5, which is not above it
                         {true, 0, {3, 3}, most, whole},     // of equal logits the first
                         {true, 0, {NAN, 3}, whole, whole},  // predicts nothing
                         {false, -1, {0, 2}, {}, {}}})),
              ElementsAre(DoubleEq(2.0 / 5.0), DoubleEq(3.0 / 5.0), DoubleEq(4.0 / 5.0)));
  EXPECT_THAT(Values(Of({{false, -1, {0, 2}, {}, {}}})), ElementsAre(0.0, 0.0, 0.0));
}

TEST(Localisation, ValuesOfEachClassAreOfItsBoxes) {
  const localisation::Box whole = {0, 0, 1, 1}, half = {0, 0, 1, 0.5};
  const Gathered gathered = Of({{true, 2, {0, 2, 3}, whole, whole},
                                {true, 2, {9, 2, 3}, half, whole},
                                {false, -1, {0, 2, 3}, {}, {}},
                                {true, 0, {9, 2, 3}, half, whole}});
  const auto table = Localisation().PerClass(gathered, {"cat", "dog"});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->classes, ElementsAre("cat", "dog", "2"));
  EXPECT_THAT(table->support, ElementsAre(1, 0, 2));
  EXPECT_THAT(table->values, ElementsAre(ElementsAre(0.0, 1.0, 0.5), ElementsAre(0.0, 0.0, 0.0),
                                         ElementsAre(0.5, 0.5, 0.75)));
}

TEST(Localisation, BrokenRowsAreRefused) {
  Gathered gathered = Of({{true, 1, {0, 2}, {}, {}}});
  gathered.rows[0].bytes.pop_back();
  EXPECT_FALSE(Localisation().PerClass(gathered, {}).ok());
  EXPECT_FALSE(Localisation().Measure(gathered).ok());
}

Schema OneBox(int64_t most = 1) {
  return {{{.name = "photo", .kind = FieldKind::kImage},
           {.name = "boxes", .kind = FieldKind::kBoxes, .most = most},
           {.name = "box_labels",
            .kind = FieldKind::kBoxLabels,
            .of = "boxes",
            .classes = {"cat", "dog"}}}};
}

ProgramOptions Options() {
  ProgramOptions options;
  options.model = "resnet18";
  options.model_options = {.classes = 2, .own = {{"stem", "cifar"}}};
  options.image = {32, 24, 3};
  options.lane_batch = 2;
  options.task = "localisation";
  options.loss.name = "smooth-l1";
  options.schema = OneBox();
  return options;
}

TEST(Localisation, HasAClassHeadAndABoxHeadOnOneBackbone) {
  ProgramOptions options = Options();
  const auto both = Program::Make(options);
  ASSERT_TRUE(both.ok()) << both.status();
  options.task = "classification";
  options.loss.name = "cross-entropy";
  options.schema = ImageAndLabel({"cat", "dog"});
  const auto classes = Program::Make(options);
  ASSERT_TRUE(classes.ok()) << classes.status();
  EXPECT_EQ(both->parameter_count() - classes->parameter_count(), 4 * 512 + 4);
  EXPECT_EQ(both->parameters()[both->ParameterIndex("box.weight")].file_shape, (Shape{4, 512}));
  EXPECT_THAT(NamesOf(Localisation().MeasureStep(both->step_sums())),
              ElementsAre("class_loss", "box_loss"));
}

TEST(Localisation, ReadsOneBoxAndItsCountOfARow) {
  const auto program = Program::Make(Options());
  ASSERT_TRUE(program.ok()) << program.status();
  std::string text;
  for (const BatchTensor& tensor : program->batch_tensors()) {
    text += tensor.name + " " + tensor.row.ToString() + " ";
  }
  EXPECT_EQ(text, "image f32[32,24,3] boxes f32[1,4] box_labels i32[1] boxes.count i32[] ");
  EXPECT_EQ(program->score_bytes(), localisation::kBytesOfPlace);
}

std::string Refusal(const ProgramOptions& options) {
  const auto program = Program::Make(options);
  return program.ok() ? "" : program.status().ToString();
}

TEST(Localisation, WhatDoesNotFitIsRefusedWithTheRemedy) {
  ProgramOptions options = Options();
  options.loss.name = "cross-entropy";
  EXPECT_THAT(Refusal(options), HasSubstr("losses that fit: 'l1', 'mse', 'smooth-l1'"));
  options = Options();
  options.schema = OneBox(3);
  EXPECT_THAT(Refusal(options), AllOf(HasSubstr("up to 3"), HasSubstr("one box")));
  options = Options();
  options.schema = OneBox(0);
  EXPECT_THAT(Refusal(options), HasSubstr("expected 1"));
  options = Options();
  options.schema = ImageAndLabel({"a", "b"});
  EXPECT_THAT(Refusal(options), HasSubstr("kind 'boxes'"));
  options = Options();
  options.model = "lenet5";
  options.model_options.own = {};
  EXPECT_THAT(Refusal(options),
              AllOf(HasSubstr("'localise'"), HasSubstr("models that have it: 'resnet18'")));
  options = Options();
  options.task_options = {{"box_weight", 0.0}};
  EXPECT_THAT(Refusal(options), HasSubstr("box_weight"));
}

}  // namespace
}  // namespace lockstep::graph
