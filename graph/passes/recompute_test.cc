// SPDX-License-Identifier: Apache-2.0
#include "graph/passes/recompute.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "graph/ir/text.h"
#include "graph/ir/verify.h"
#include "graph/passes/testing/random_args.h"
#include "graph/plan/testing/bottleneck_lane.h"

namespace lockstep::graph {
namespace {

// Four blocks of two stages with dropout inside.
Graph SmallLane() {
  return BottleneckLane{
      .blocks = {2, 2}, .width = 4, .rows = 3, .side = 16, .classes = 5, .dropout = 0.3}
      .Make();
}

size_t Copies(const Graph& graph) {
  return static_cast<size_t>(std::count_if(graph.nodes().begin(), graph.nodes().end(),
                                           [](const Node& node) { return node.recomputed; }));
}

void ExpectSameResults(const Graph& before, const Graph& after) {
  EXPECT_TRUE(VerifyGraph(after).ok()) << VerifyGraph(after);
  const std::vector<HostTensor> args = RandomArgs(before, 5);
  const ops::StepHeader step{.seed = 3, .step = 7, .lane = 2};
  const auto expected = EvaluateGraph(before, args, step);
  const auto actual = EvaluateGraph(after, args, step);
  ASSERT_TRUE(expected.ok() && actual.ok());
  ASSERT_EQ(expected->size(), actual->size());
  for (const auto& [name, tensor] : *expected) {
    EXPECT_TRUE(SameBits(tensor, actual->at(name))) << name;
  }
}

TEST(Recompute, OfBlocksKeepsEveryBit) {
  const Graph lane = SmallLane();
  const size_t forward = ForwardNodes(lane);
  const std::vector<bool> dropped = DroppedByBlocks(lane, forward);
  ASSERT_FALSE(dropped.empty());
  const Graph again = Recompute(lane, forward, dropped);
  EXPECT_GT(Copies(again), 20u);
  ExpectSameResults(lane, again);
}

TEST(Recompute, OfEveryForwardValueKeepsEveryBit) {
  const Graph lane = SmallLane();
  const size_t forward = ForwardNodes(lane);
  std::vector<bool> dropped(static_cast<size_t>(lane.value_count()), false);
  for (size_t i = 0; i < forward; ++i) {
    for (Value v : lane.nodes()[i].out) dropped[static_cast<size_t>(v.id)] = true;
  }
  const Graph again = Recompute(lane, forward, dropped);
  const auto totals = std::count_if(lane.nodes().begin(), lane.nodes().end(), [](const Node& node) {
    return node.op->name == "batch_norm_totals";
  });
  EXPECT_EQ(Copies(again), forward - static_cast<size_t>(totals)) << "the backward reads no totals";
  ExpectSameResults(lane, again);
}

TEST(Recompute, OfNothingChangesNothing) {
  const Graph lane = SmallLane();
  const std::vector<bool> dropped(static_cast<size_t>(lane.value_count()), false);
  EXPECT_EQ(ToText(Recompute(lane, ForwardNodes(lane), dropped)), ToText(lane));
}

TEST(Recompute, CopiesStandBeforeTheFirstNodeThatWantsThemAndReadCopies) {
  const Result<Graph> graph = GraphFromText(
      "graph lane\n"
      "  %0 = param \"x\" f32[4]\n"
      "  %1 = tanh(%0) {} @\"a\" : f32[4]\n"
      "  %2 = relu(%1) {} @\"b\" : f32[4]\n"
      "  %3 = tanh(%2) {} @\"c\" : f32[4]\n"
      "  %4 = tanh_grad(%3, %3) {} @\"c\" : f32[4]\n"
      "  %5 = relu_grad(%2, %4) {} @\"b\" : f32[4]\n"
      "  %6 = tanh_grad(%1, %5) {} @\"a\" : f32[4]\n"
      "  return \"loss\" %3\n"
      "  return \"grad:x\" %6\n"
      "end\n");
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_EQ(ForwardNodes(*graph), 3u);
  std::vector<bool> dropped(7, false);
  dropped[1] = dropped[2] = true;
  EXPECT_EQ(ToText(Recompute(*graph, 3, dropped)),
            "graph lane\n"
            "  %0 = param \"x\" f32[4]\n"
            "  %1 = tanh(%0) {} @\"a\" : f32[4]\n"
            "  %2 = relu(%1) {} @\"b\" : f32[4]\n"
            "  %3 = tanh(%2) {} @\"c\" : f32[4]\n"
            "  %4 = tanh_grad(%3, %3) {} @\"c\" : f32[4]\n"
            "  %5 = tanh(%0) {} @\"a\" recomputed : f32[4]\n"
            "  %6 = relu(%5) {} @\"b\" recomputed : f32[4]\n"
            "  %7 = relu_grad(%6, %4) {} @\"b\" : f32[4]\n"
            "  %8 = tanh_grad(%5, %7) {} @\"a\" : f32[4]\n"
            "  return \"loss\" %3\n"
            "  return \"grad:x\" %8\n"
            "end\n");
}

TEST(Blocks, AreToldByScopePaths) {
  const std::pair<std::string, std::string> cases[] = {
      {"layer1/0/conv1", "layer1/0"},
      {"layer1/0/downsample/0", "layer1/0"},
      {"layer1/0", "layer1/0"},
      {"features/3/1/block/2/fc1", "features/3/1"},
      {"encoder/layers/encoder_layer_7/ln_1", "encoder/layers/encoder_layer_7"},
      {"Mixed_5b/branch1x1/conv", "Mixed_5b"},
      {"conv1", ""},
      {"fc", ""},
      {"", ""}};
  GraphBuilder b("forward");
  Value x = b.graph().AddArg("x", ArgKind::kInput, {DType::kFloat32, {4}});
  for (const auto& [path, block] : cases) {
    b.SetPath(path);
    x = ops::Add(&b, x, x);
  }
  ASSERT_TRUE(b.status().ok());
  const std::vector<std::string> blocks = BlockOfNodes(b.graph(), std::size(cases));
  for (size_t i = 0; i < std::size(cases); ++i) EXPECT_EQ(blocks[i], cases[i].second) << i;
}

TEST(Blocks, KeepTheirOutputsTheirStatisticsAndAllOfTheLastOne) {
  const Graph lane = SmallLane();
  const std::vector<bool> dropped = DroppedByBlocks(lane, ForwardNodes(lane));
  for (size_t i = 0; i < ForwardNodes(lane); ++i) {
    const Node& node = lane.nodes()[i];
    const bool inside = node.path.starts_with("layer1/") || node.path.starts_with("layer2/0");
    const bool output = node.op->name == "relu" && node.path.size() == 8;  // layer1/0
    for (size_t k = 0; k < node.out.size(); ++k) {
      const bool statistics = node.op->name == "batch_norm_train" && k > 0;
      EXPECT_EQ(dropped[static_cast<size_t>(node.out[k].id)], inside && !output && !statistics)
          << node.op->name << " at " << node.path << ", output " << k;
    }
  }
}

TEST(Blocks, OneAloneIsNone) {
  const Graph lane = BottleneckLane{.blocks = {1}, .width = 4, .rows = 2, .side = 16}.Make();
  EXPECT_TRUE(DroppedByBlocks(lane, ForwardNodes(lane)).empty());
}

}  // namespace
}  // namespace lockstep::graph
