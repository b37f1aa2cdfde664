// SPDX-License-Identifier: Apache-2.0
#include "graph/models/models.h"

#include <gtest/gtest.h>

#include "graph/program/program.h"

namespace lockstep::graph {
namespace {

ProgramOptions Options(std::string_view name, Shape image = {28, 28, 1}) {
  ProgramOptions options;
  options.model = std::string(name);
  options.image = std::move(image);
  options.lane_batch = 4;
  return options;
}

TEST(Models, HaveThePublishedParameterCounts) {
  const std::pair<std::string_view, int64_t> counts[] = {{"lenet5", 61706},
                                                         {"mlp-784-128-64-10", 109386},
                                                         {"mlp-784-400-400-10", 478410},
                                                         {"convnet-bn", 9146}};
  for (const auto& [name, count] : counts) {
    const Result<Program> program = Program::Make(Options(name));
    ASSERT_TRUE(program.ok()) << program.status();
    EXPECT_EQ(program->parameter_count(), count) << name;
  }
  EXPECT_EQ(Program::Make(Options("simple-cnn", {32, 32, 3}))->parameter_count(), 94986);
  EXPECT_EQ(Program::Make(Options("lenet5", {32, 32, 1}))->parameter_count(), 61706);
}

TEST(Models, GiveOneLogitAClass) {
  for (const Model& model : Models()) {
    ProgramOptions options = Options(model.name, model.image);
    options.model_options.classes = 7;
    const Result<Program> program = Program::Make(options);
    ASSERT_TRUE(program.ok()) << program.status();
    const Result<Graph> eval = program->Eval(3);
    ASSERT_TRUE(eval.ok());
    EXPECT_EQ(eval->TypeOf(eval->FindResult("logits")->value).shape, (Shape{3, 7}));
  }
}

TEST(Models, ParametersAreNamedAndShapedAsFilesHaveThem) {
  const Result<Program> program = Program::Make(Options("lenet5"));
  ASSERT_TRUE(program.ok());
  const Parameter& conv2 = program->parameters()[2];
  EXPECT_EQ(conv2.name, "conv2.weight");
  EXPECT_EQ(conv2.type.shape, (Shape{16, 5, 5, 6}));
  EXPECT_EQ(conv2.file_shape, (Shape{16, 6, 5, 5}));
  const Parameter& fc1 = program->parameters()[4];
  EXPECT_EQ(fc1.name, "fc1.weight");
  EXPECT_EQ(fc1.file_shape, (Shape{120, 400}));
}

TEST(Models, AnImpossibleShapeNamesTheLayer) {
  const Result<Program> program = Program::Make(Options("lenet5", {6, 6, 1}));
  ASSERT_FALSE(program.ok());
  EXPECT_NE(program.status().message().find("layer 'conv2'"), std::string::npos)
      << program.status();
}

TEST(Models, RefuseOptionsTheyDoNotHave) {
  ProgramOptions options = Options("mlp-784-128-64-10");
  options.model_options.activation = "tanh";
  const Result<Program> program = Program::Make(options);
  ASSERT_FALSE(program.ok());
  EXPECT_NE(program.status().message().find("'mlp-784-128-64-10' has no option 'activation'"),
            std::string::npos)
      << program.status();
}

TEST(Models, AMistypedNameGetsASuggestion) {
  const Result<Program> program = Program::Make(Options("lenet"));
  ASSERT_FALSE(program.ok());
  EXPECT_NE(program.status().message().find("did you mean 'lenet5'"), std::string::npos)
      << program.status();
}

}  // namespace
}  // namespace lockstep::graph
