// SPDX-License-Identifier: Apache-2.0
// What a task that asks for something impossible is told.
#include "graph/tasks/task_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "ops/core/registry.h"

namespace lockstep::graph {
namespace {

class TaskBuilderTest : public testing::Test {
 protected:
  TaskBuilderTest() {
    const auto model = FindModel("mlp-784-128-64-10");
    CHECK(model.ok()) << model.status();
    parts_.task = "labels";
    parts_.networks = {{"model", *model, {}}};
    parts_.inputs = {{"image", DType::kFloat32, {28, 28, 1}}, {"label", DType::kInt32, {}}};
    parts_.loss = *ops::OpRegistry::Global().FindLoss("cross-entropy");
    parts_.loss_options = *parts_.loss->options.Complete({}, "the loss");
  }

  TaskBuilder Make(bool training = true) {
    return TaskBuilder(&builder_, &model_parts_, &parts_, /*rows=*/3, training);
  }
  std::string message() const { return builder_.status().message(); }

  GraphBuilder builder_{"lane"};
  ModelParts model_parts_;
  TaskParts parts_;
};

TEST_F(TaskBuilderTest, AnInputHasTheRowsOfTheBatchAndIsOneArgument) {
  TaskBuilder b = Make();
  const Value image = b.Input("image");
  EXPECT_EQ(builder_.TypeOf(image).ToString(), "f32[3,28,28,1]");
  EXPECT_EQ(builder_.TypeOf(b.Input("label")).ToString(), "i32[3]");
  EXPECT_EQ(b.Input("image"), image);
  EXPECT_EQ(builder_.graph().args().size(), 2u);
}

TEST_F(TaskBuilderTest, ATensorThatNoBatchHasIsRefusedWithThoseItHas) {
  TaskBuilder b = Make();
  EXPECT_FALSE(b.Input("mask").valid());
  EXPECT_EQ(message(), "the task 'labels' reads the tensor 'mask'; a batch has 'image', 'label'");
}

TEST_F(TaskBuilderTest, AMethodThatTheModelLacksIsRefusedWithModelsThatHaveIt) {
  TaskBuilder b = Make();
  b.Call("model", "boxes", {});
  EXPECT_EQ(message(),
            "the task 'labels' calls the method 'boxes', and the model 'mlp-784-128-64-10' has "
            "'forward'; models that have it: nothing");
}

TEST_F(TaskBuilderTest, ANetworkThatTheTaskLacksIsRefused) {
  TaskBuilder b = Make();
  b.Call("critic", "forward", {});
  EXPECT_EQ(message(), "the task 'labels' calls the network 'critic'; it has 'model'");
}

TEST_F(TaskBuilderTest, ALossForAnotherTargetIsRefusedWithThoseThatFit) {
  TaskBuilder b = Make();
  const Value logits = b.Call("model", "forward", {{"image", b.Input("image")}})["out"];
  b.RecipeLoss(logits, b.Input("label"), "mask");
  EXPECT_EQ(message(),
            "the task 'labels' compares with a target 'mask', and the loss 'cross-entropy' with "
            "'label'; losses that fit: 'dice', 'focal', 'pixel-cross-entropy'");
}

TEST_F(TaskBuilderTest, AnEvaluationHasNoScalars) {
  TaskBuilder b = Make(/*training=*/false);
  b.Scalar("weight");
  EXPECT_THAT(message(), testing::HasSubstr("scalars are numbers of a training step"));
}

TEST_F(TaskBuilderTest, ASumIsOfIntegersOrDoubles) {
  TaskBuilder b = Make();
  b.Sum("pixels", b.Input("image"));
  EXPECT_THAT(message(), testing::HasSubstr("adds up 'pixels', which is f32[3,28,28,1]"));
}

TEST_F(TaskBuilderTest, TwoSumsOfOneNameAreRefused) {
  TaskBuilder b = Make();
  const Value logits = b.Call("model", "forward", {{"image", b.Input("image")}})["out"];
  const ops::LossPair loss = b.RecipeLoss(logits, b.Input("label"), ops::kLabelTarget);
  b.Sum("nats", loss.numerator);
  EXPECT_TRUE(builder_.status().ok()) << builder_.status();
  b.Sum("nats", loss.denominator);
  EXPECT_EQ(message(),
            "the task 'labels' adds up two sums 'nats'; expected a name of its own for each");
}

TEST_F(TaskBuilderTest, ASumOfTrainingIsAColumnAndSoNamedLikeOne) {
  TaskBuilder b = Make();
  const Value logits = b.Call("model", "forward", {{"image", b.Input("image")}})["out"];
  b.Sum("Main loss", b.RecipeLoss(logits, b.Input("label"), ops::kLabelTarget).numerator);
  EXPECT_EQ(message(),
            "the task 'labels' adds up 'Main loss'; expected lower-case letters, digits and '_'");
}

TEST_F(TaskBuilderTest, WhatIsKeptOfSamplesHasARowForEach) {
  TaskBuilder b = Make(/*training=*/false);
  const Value image = b.Input("image"), label = b.Input("label");
  b.PerSample("image", image, label);
  b.PerSample("label", label);
  EXPECT_TRUE(builder_.status().ok()) << builder_.status();
  ASSERT_EQ(b.per_sample().size(), 2u);
  EXPECT_EQ(b.per_sample()[0].count, label);
  EXPECT_FALSE(b.per_sample()[1].count.valid());
  b.PerSample("number", b.RecipeLoss(b.Call("model", "forward", {{"image", image}})["out"], label,
                                     ops::kLabelTarget)
                            .numerator);
  EXPECT_EQ(message(),
            "the task 'labels' keeps 'number' of every sample, which is f64[]; expected the rows "
            "of the batch, 3, as its first dimension");
}

TEST_F(TaskBuilderTest, TwoValuesOfOneNameAreNotKept) {
  TaskBuilder b = Make(/*training=*/false);
  b.PerSample("label", b.Input("label"));
  b.PerSample("label", b.Input("image"));
  EXPECT_THAT(message(), testing::HasSubstr("keeps two values 'label' of every sample"));
}

TEST_F(TaskBuilderTest, AnEntryIsCountedByIntegersOfTheRows) {
  TaskBuilder b = Make(/*training=*/false);
  b.PerSample("label", b.Input("label"), b.Input("label"));
  EXPECT_EQ(message(),
            "the task 'labels' counts the entries of 'label', which is i32[3], by i32[3]; expected "
            "i32[3], and a value of rank 2 or more");
}

TEST_F(TaskBuilderTest, TrainingKeepsNothingOfSamples) {
  TaskBuilder b = Make();
  b.PerSample("label", b.Input("label"));
  EXPECT_THAT(message(), testing::HasSubstr("keeps 'label' of every sample in training"));
}

TEST_F(TaskBuilderTest, NormalDeviatesAreKeyedByTheirName) {
  TaskBuilder b = Make();
  EXPECT_EQ(builder_.TypeOf(b.Normal("noise", {3, 4})).ToString(), "f32[3,4]");
  b.Normal("other", {});
  EXPECT_EQ(builder_.graph().nodes()[0].path, "noise");
  EXPECT_EQ(*builder_.graph().nodes()[0].attrs.Find("purpose"), AttrValue("normal"));
  EXPECT_TRUE(builder_.status().ok()) << builder_.status();
  b.Normal("noise", {3});
  EXPECT_EQ(message(),
            "the task 'labels' draws normal deviates under the name 'noise' twice or without a "
            "name; expected a name of its own for each");
}

TEST_F(TaskBuilderTest, NormalDeviatesOfAnEvaluationHaveItsPurpose) {
  TaskBuilder b = Make(/*training=*/false);
  b.Normal("noise", {3});
  EXPECT_EQ(*builder_.graph().nodes()[0].attrs.Find("purpose"), AttrValue("eval"));
}

TEST_F(TaskBuilderTest, ALossIsNumbers) {
  TaskBuilder b = Make();
  const Value image = b.Input("image");
  b.Loss({image, image});
  EXPECT_EQ(message(), "the task 'labels' gives a loss that is not one pair of f64 []");
}

TEST_F(TaskBuilderTest, ALossIsGivenOnce) {
  TaskBuilder b = Make();
  const Value logits = b.Call("model", "forward", {{"image", b.Input("image")}})["out"];
  const ops::LossPair loss = b.RecipeLoss(logits, b.Input("label"), ops::kLabelTarget);
  b.Loss(loss);
  EXPECT_TRUE(builder_.status().ok()) << builder_.status();
  b.Loss(loss);
  EXPECT_EQ(message(), "the task 'labels' gives a loss that is not one pair of f64 []");
}

TEST_F(TaskBuilderTest, ANameThatNothingWasGivenForIsRefused) {
  TaskBuilder b = Make();
  const Values out = b.Call("model", "forward", {{"image", b.Input("image")}});
  b.RecipeLoss(out["logits"], b.Input("label"), ops::kLabelTarget);
  EXPECT_THAT(message(), testing::HasSubstr("has no value for the prediction of its loss"));
}

TEST_F(TaskBuilderTest, AScalarIsOneArgumentAndNoTensor) {
  TaskBuilder b = Make();
  EXPECT_EQ(b.Scalar("weight"), b.Scalar("weight"));
  b.Scalar("image");
  b.Input("image");
  EXPECT_EQ(message(), "the task 'labels' calls both a tensor and a scalar 'image'");
}

}  // namespace
}  // namespace lockstep::graph
