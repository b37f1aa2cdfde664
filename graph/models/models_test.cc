// SPDX-License-Identifier: Apache-2.0
#include "graph/models/models.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "graph/ir/builder.h"
#include "graph/models/families.h"
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
  EXPECT_EQ(Program::Make(Options("my-cnn", {32, 32, 3}))->parameter_count(), 156074);
  EXPECT_EQ(Program::Make(Options("lenet5", {32, 32, 1}))->parameter_count(), 61706);
}

// The numbers for 1000 classes, as torchvision's pages state them.
TEST(Models, OfImageNetHaveThePublishedParameterCounts) {
  const std::pair<std::string_view, int64_t> counts[] = {
      {"alexnet", 61100840},   {"vgg11", 132863336},    {"vgg11-bn", 132868840},
      {"vgg13", 133047848},    {"vgg13-bn", 133053736}, {"vgg16", 138357544},
      {"vgg16-bn", 138365992}, {"vgg19", 143667240},    {"vgg19-bn", 143678248},
      {"resnet18", 11689512},  {"resnet34", 21797672},  {"resnet50", 25557032},
      {"resnet101", 44549160}, {"resnet152", 60192808}};
  for (const auto& [name, count] : counts) {
    ProgramOptions options = Options(name, {224, 224, 3});
    options.model_options.classes = 1000;
    const Result<Program> program = Program::Make(options);
    ASSERT_TRUE(program.ok()) << program.status();
    EXPECT_EQ(program->parameter_count(), count) << name;
  }
}

// torchvision's, with the auxiliary head and 21 classes; of U-Nets the numbers for images of three
// channels.
TEST(Models, SegmentersHaveThePublishedParameterCounts) {
  const std::pair<std::string_view, int64_t> counts[] = {{"fcn-resnet50", 35322218},
                                                         {"fcn-resnet101", 54314346},
                                                         {"deeplabv3-resnet50", 42004074},
                                                         {"unet", 31044821},
                                                         {"mini-unet", 7703562}};
  for (const auto& [name, count] : counts) {
    const Result<Program> program = Program::Make(DescribedFor(**FindModel(name)));
    ASSERT_TRUE(program.ok()) << program.status();
    EXPECT_EQ(program->parameter_count(), count) << name;
  }
  ProgramOptions options = DescribedFor(**FindModel("unet"));
  options.model_options.own = {{"upsample", "bilinear"}};
  EXPECT_EQ(Program::Make(options)->parameter_count(), 17268693);
  options = DescribedFor(**FindModel("unet"));
  options.model_options.own = {{"norm", "none"}};
  options.model_options.classes = 1;
  EXPECT_EQ(Program::Make(options)->parameter_count(), 31031745);
}

int64_t NodesNamed(const Graph& graph, std::string_view op) {
  return std::count_if(graph.nodes().begin(), graph.nodes().end(),
                       [&](const Node& node) { return node.op->name == op; });
}

Shape FirstNormInput(const Program& program) {
  const Result<Graph> lane = program.Lane(2);
  EXPECT_TRUE(lane.ok()) << lane.status();
  for (const Node& node : lane->nodes()) {
    if (node.op->name.starts_with("batch_norm")) return lane->TypeOf(node.in[0]).shape;
  }
  return {};
}

TEST(Models, TheCifarStemKeepsTheSizeOfTheImage) {
  ProgramOptions options = Options("resnet18", {32, 32, 3});
  options.model_options.own = {{"stem", "cifar"}};
  const Result<Program> program = Program::Make(options);
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(program->parameters()[0].file_shape, (Shape{64, 3, 3, 3}));
  EXPECT_EQ(NodesNamed(*program->Lane(2), "max_pool2d"), 0);
  EXPECT_EQ(FirstNormInput(*program), (Shape{2, 32, 32, 64}));
  options.model_options.own = {{"stem", "imagenet"}};
  const Result<Program> own = Program::Make(options);
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_EQ(FirstNormInput(*own), (Shape{2, 16, 16, 64}));
}

TEST(Models, ZeroInitResidualZeroesTheLastScaleOfEachBranchAndNoOther) {
  for (const auto& [name, last] :
       {std::pair("resnet34", ".bn2.weight"), {"resnet50", ".bn3.weight"}}) {
    ProgramOptions options = Options(name, {64, 64, 3});
    options.model_options.own = {{"zero_init_residual", true}};
    const Result<Program> program = Program::Make(options);
    ASSERT_TRUE(program.ok()) << program.status();
    int zeros = 0;
    for (const Parameter& p : program->parameters()) {
      const bool is_last = p.name.starts_with("layer") && p.name.ends_with(last);
      zeros += is_last;
      if (!is_last && !p.name.ends_with("weight")) continue;
      EXPECT_EQ(p.init.value == 0.0, is_last) << p.name;
    }
    EXPECT_EQ(zeros, 16) << name;
  }
}

TEST(Models, ResNetsGiveTheirStagesWithTheParametersOfTheirBackbone) {
  for (const auto& [name, width] :
       {std::pair<std::string_view, int64_t>{"resnet18", 512}, {"resnet50", 2048}}) {
    const Model& model = **FindModel(name);
    GraphBuilder builder("features");
    ModelParts parts;
    const Net net(&builder, &parts, DType::kFloat32, /*training=*/true);
    const Value image =
        builder.graph().AddArg("image", ArgKind::kInput, {DType::kFloat32, {2, 64, 96, 3}});
    const Attrs options = *model.options.Complete({}, "the model");
    const Values stages =
        model.FindMethod(kFeatures)->build(net, {{std::string(kImage), image}}, 10, options);
    ASSERT_TRUE(builder.status().ok()) << builder.status();
    EXPECT_EQ(builder.TypeOf(stages["layer1"]).shape, (Shape{2, 16, 24, width / 8}));
    EXPECT_EQ(builder.TypeOf(stages["layer4"]).shape, (Shape{2, 2, 3, width}));
    const Result<Program> whole = Program::Make(DescribedFor(model));
    ASSERT_EQ(parts.parameters.size() + 2, whole->parameters().size()) << "all but the last layer";
    for (size_t i = 0; i < parts.parameters.size(); ++i) {
      EXPECT_EQ(parts.parameters[i].name, whole->parameters()[i].name);
    }
  }
}

TEST(Models, GiveOneLogitAClass) {
  for (const Model& model : Models()) {
    ProgramOptions options = DescribedFor(model);
    options.model_options.classes = 7;
    const Result<Program> program = Program::Make(options);
    ASSERT_TRUE(program.ok()) << program.status();
    const Result<Graph> eval = program->Eval(3);
    ASSERT_TRUE(eval.ok());
    const auto& nodes = eval->nodes();
    const auto loss = std::find_if(nodes.begin(), nodes.end(), [](const Node& node) {
      return node.op->name.ends_with("cross_entropy");
    });
    ASSERT_NE(loss, nodes.end());
    const bool dense = model.task == "segmentation";  // a class for each pixel
    const Shape logits = dense ? Shape{3, 64, 64, 7} : Shape{3, 7};
    EXPECT_EQ(eval->TypeOf(loss->in[0]).shape, logits) << model.name;
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
  options.model_options.own = {{"activation", "tanh"}};
  const Result<Program> program = Program::Make(options);
  ASSERT_FALSE(program.ok());
  EXPECT_NE(program.status().message().find("'mlp-784-128-64-10' has no option 'activation'"),
            std::string::npos)
      << program.status();
  options = Options("vgg11", {64, 64, 3});
  options.model_options.own = {{"stem", "cifar"}};
  EXPECT_NE(Program::Make(options).status().message().find(
                "'vgg11' has no option 'stem'; it has dropout"),
            std::string::npos);
  options = Options("lenet5");
  options.model_options.own = {{"zero_init_residual", true}};
  EXPECT_NE(Program::Make(options).status().message().find(
                "'lenet5' has no option 'zero_init_residual'; it has activation, pool"),
            std::string::npos);
}

TEST(Models, AStemThatDoesNotExistGetsASuggestion) {
  ProgramOptions options = Options("resnet18", {64, 64, 3});
  options.model_options.own = {{"stem", "cifar10"}};
  EXPECT_NE(Program::Make(options).status().message().find(
                "'stem' is \"cifar10\"; expected one of \"imagenet\", \"cifar\"; did you mean"),
            std::string::npos)
      << Program::Make(options).status();
}

TEST(Models, AMistypedNameGetsASuggestion) {
  const Result<Program> program = Program::Make(Options("lenet"));
  ASSERT_FALSE(program.ok());
  EXPECT_NE(program.status().message().find("did you mean 'lenet5'"), std::string::npos)
      << program.status();
}

}  // namespace
}  // namespace lockstep::graph
