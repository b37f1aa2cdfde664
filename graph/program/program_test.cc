// SPDX-License-Identifier: Apache-2.0
#include "graph/program/program.h"

#include <gtest/gtest.h>

#include "graph/autodiff/autodiff.h"

namespace lockstep::graph {
namespace {

ProgramOptions Options() {
  ProgramOptions options;
  options.model = "convnet-bn";
  options.image = {8, 8, 1};
  options.lane_batch = 8;
  options.loss.options.Set("label_smoothing", 0.1);
  return options;
}

Program Make(const ProgramOptions& options) {
  Result<Program> program = Program::Make(options);
  EXPECT_TRUE(program.ok()) << program.status();
  return *std::move(program);
}

std::vector<std::string> ResultNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const NamedResult& result : graph.results()) names.push_back(result.name);
  return names;
}

std::vector<std::string> ArgNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const Arg& arg : graph.args()) names.push_back(arg.name);
  return names;
}

const Node* FindNode(const Graph& graph, std::string_view op) {
  for (const Node& node : graph.nodes()) {
    if (node.op->name == op) return &node;
  }
  return nullptr;
}

TEST(Program, BackwardOfAShortLaneStartsFromOneOverTheFullLaneBatch) {
  for (int64_t rows : {1, 3, 8}) {
    const Result<Graph> lane = Make(Options()).Lane(rows);
    ASSERT_TRUE(lane.ok()) << lane.status();
    const Node* seed = FindNode(*lane, "fill");
    ASSERT_NE(seed, nullptr);
    EXPECT_EQ(*seed->attrs.Find("value"), AttrValue(0.125)) << rows << " rows";
    EXPECT_EQ(lane->args()[0].type.shape, (Shape{rows, 8, 8, 1}));
    EXPECT_EQ(lane->args()[1].type.shape, (Shape{rows}));
  }
}

TEST(Program, LaneResultsAreLossPairHitsGradientsThenStatisticsOfEachNorm) {
  const Result<Graph> lane = Make(Options()).Lane(3);
  ASSERT_TRUE(lane.ok()) << lane.status();
  EXPECT_EQ(
      ResultNames(*lane),
      (std::vector<std::string>{
          "numerator", "denominator", "correct", "grad:block1.conv.weight", "grad:block1.conv.bias",
          "grad:block1.bn.weight", "grad:block1.bn.bias", "grad:block2.conv.weight",
          "grad:block2.conv.bias", "grad:block2.bn.weight", "grad:block2.bn.bias", "grad:fc.weight",
          "grad:fc.bias", "mean:block1/bn", "var:block1/bn", "mean:block2/bn", "var:block2/bn"}));
  EXPECT_EQ(lane->TypeOf(lane->FindResult("numerator")->value).dtype, DType::kFloat64);
}

TEST(Program, EvaluationHasNeitherSmoothingNorDropoutNorBatchStatistics) {
  const Program program = Make(Options());
  const Result<Graph> eval = program.Eval(5), lane = program.Lane(5);
  ASSERT_TRUE(eval.ok()) << eval.status();
  EXPECT_EQ(*FindNode(*lane, "cross_entropy")->attrs.Find("label_smoothing"), AttrValue(0.1));
  EXPECT_EQ(*FindNode(*eval, "cross_entropy")->attrs.Find("label_smoothing"), AttrValue(0.0));
  EXPECT_NE(FindNode(*lane, "dropout"), nullptr);
  EXPECT_EQ(FindNode(*eval, "dropout"), nullptr);
  EXPECT_EQ(FindNode(*eval, "batch_norm"), nullptr);
  const std::vector<std::string> names = ResultNames(*eval);
  ASSERT_GT(names.size(), 3u);
  EXPECT_EQ(names[0], "numerator");
  EXPECT_EQ(names[1], "denominator");
  for (size_t i = 2; i + 1 < names.size(); ++i) EXPECT_TRUE(names[i].starts_with(kSumPrefix));
  EXPECT_EQ(names.back(), "logits");
}

TEST(Program, UpdateOfSgdHasTheDocumentedArgumentsAndResults) {
  const Result<Graph> update = Make(Options()).Update(128);
  ASSERT_TRUE(update.ok()) << update.status();
  EXPECT_EQ(ArgNames(*update),
            (std::vector<std::string>{"param", "grad", "momentum_buffer", "lr", "grad_scale"}));
  EXPECT_EQ(ResultNames(*update), (std::vector<std::string>{"param", "momentum_buffer"}));
}

TEST(Program, UpdateOfAdamHasTheDocumentedArgumentsAndResults) {
  ProgramOptions options = Options();
  options.optimizer.name = "adam";
  const Result<Graph> update = Make(options).Update(128);
  ASSERT_TRUE(update.ok()) << update.status();
  EXPECT_EQ(ArgNames(*update), (std::vector<std::string>{"param", "grad", "exp_avg", "exp_avg_sq",
                                                         "lr", "grad_scale", "bias1", "bias2"}));
  EXPECT_EQ(ResultNames(*update), (std::vector<std::string>{"param", "exp_avg", "exp_avg_sq"}));
}

TEST(Program, RefusesAnOptimizerItDoesNotKnow) {
  ProgramOptions options = Options();
  options.optimizer.name = "adm";
  const Result<Program> program = Program::Make(options);
  ASSERT_FALSE(program.ok());
  EXPECT_NE(program.status().message().find("optimizer.name is 'adm'; did you mean 'adam'"),
            std::string::npos)
      << program.status();
}

TEST(Program, RefusesATaskItDoesNotKnow) {
  ProgramOptions options = Options();
  options.task = "clasification";
  EXPECT_EQ(Program::Make(options).status().ToString(),
            "not-found: there is no task 'clasification'; did you mean 'classification'?");
}

TEST(Program, OneClassIsAModelLikeAnyOther) {
  ProgramOptions options = Options();
  options.model_options.classes = 1;
  const Result<Graph> eval = Make(options).Eval(2);
  ASSERT_TRUE(eval.ok()) << eval.status();
  EXPECT_EQ(eval->TypeOf(eval->FindResult("logits")->value).shape, (Shape{2, 1}));
}

TEST(Program, PositionsOfANormAreThoseOfItsOwnInput) {
  const Program program = Make(Options());
  ASSERT_EQ(program.running().size(), 2u);
  EXPECT_EQ(program.running()[0].positions, 8 * 8);
  EXPECT_EQ(program.running()[1].positions, 4 * 4) << "after one pooling";
}

TEST(Program, ForwardHalfOfALaneEndsWhereTheLossesGradientBegins) {
  for (const Model& model : Models()) {
    ProgramOptions options;
    options.model = std::string(model.name);
    options.image = model.image;
    const Result<Graph> lane = Make(options).Lane(1);
    ASSERT_TRUE(lane.ok()) << lane.status();
    const size_t forward = ForwardNodes(*lane);
    ASSERT_LT(forward, lane->nodes().size());
    EXPECT_EQ(lane->nodes()[forward - 1].op->name, "top1_correct") << model.name;
    EXPECT_EQ(lane->nodes()[forward].op->name, "fill") << model.name;
  }
}

}  // namespace
}  // namespace lockstep::graph
