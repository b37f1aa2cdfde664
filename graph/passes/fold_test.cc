// SPDX-License-Identifier: Apache-2.0
#include "graph/passes/fold.h"

#include <gtest/gtest.h>

#include "graph/ir/text.h"
#include "graph/ir/verify.h"
#include "graph/passes/dead_code.h"
#include "graph/passes/testing/random_args.h"

namespace lockstep::graph {
namespace {

Graph Parse(const std::string& text) {
  Result<Graph> graph = GraphFromText(text);
  CHECK(graph.ok()) << graph.status();
  return *std::move(graph);
}

void ExpectSameResults(const Graph& before, const Graph& after) {
  EXPECT_TRUE(VerifyGraph(after).ok()) << VerifyGraph(after);
  const std::vector<HostTensor> args = RandomArgs(before, 3);
  const auto expected = EvaluateGraph(before, args);
  const auto actual = EvaluateGraph(after, args);
  ASSERT_TRUE(expected.ok() && actual.ok());
  for (const auto& [name, tensor] : *expected) {
    EXPECT_TRUE(SameBits(tensor, actual->at(name))) << name;
  }
}

TEST(Fold, OpsOfConstantsBecomeOne) {
  const Graph graph = Parse(
      "graph g\n"
      "  %0 = input \"x\" f32[2,3]\n"
      "  %1 = fill() {value=0.1, dims=[3,2], dtype=\"f32\"} @\"\" : f32[3,2]\n"
      "  %2 = tanh(%1) {} @\"a\" : f32[3,2]\n"
      "  %3 = reshape(%2) {dims=[2,3]} @\"b\" : f32[2,3]\n"
      "  %4 = add(%0, %3) {} @\"c\" : f32[2,3]\n"
      "  return \"y\" %4\n"
      "end\n");
  const Rewritten folded = FoldConstants(graph);
  ExpectSameResults(graph, folded.graph);
  const Graph live = RemoveDeadCode(folded.graph);
  ASSERT_EQ(live.nodes().size(), 2u) << ToText(live);
  EXPECT_EQ(live.nodes()[0].op->name, "fill");
  EXPECT_EQ(live.nodes()[0].path, "b");
  EXPECT_EQ(live.nodes()[1].op->name, "add");
}

TEST(Fold, KeepsWhatIsNoConstantOrCannotBeAFill) {
  const std::string cases[] = {
      // Reads an argument.
      "  %0 = input \"x\" f32[4]\n"
      "  %1 = tanh(%0) {} @\"a\" : f32[4]\n"
      "  return \"y\" %1\n",
      // Draws random numbers.
      "  %0 = fill() {value=1.0, dims=[64], dtype=\"f32\"} @\"\" : f32[64]\n"
      "  %1, %2 = dropout(%0) {p=0.5} @\"a\" : f32[64], u8[64]\n"
      "  return \"y\" %1\n",
      // Not uniform: a convolution's border sees padding.
      "  %0 = fill() {value=1.0, dims=[1,3,3,1], dtype=\"f32\"} @\"\" : f32[1,3,3,1]\n"
      "  %1 = fill() {value=1.0, dims=[1,3,3,1], dtype=\"f32\"} @\"\" : f32[1,3,3,1]\n"
      "  %2 = conv2d(%0, %1) {stride_h=1, stride_w=1, padding_h=1, padding_w=1, dilation_h=1, "
      "dilation_w=1, groups=1} @\"a\" : f32[1,3,3,1]\n"
      "  return \"y\" %2\n",
      // Not finite.
      "  %0 = fill() {value=3e38, dims=[2], dtype=\"f32\"} @\"\" : f32[2]\n"
      "  %1 = add(%0, %0) {} @\"a\" : f32[2]\n"
      "  return \"y\" %1\n",
      // Without elements.
      "  %0 = fill() {value=1.0, dims=[0], dtype=\"f32\"} @\"\" : f32[0]\n"
      "  %1 = tanh(%0) {} @\"a\" : f32[0]\n"
      "  return \"y\" %1\n",
      // Too large to run here.
      "  %0 = fill() {value=1.0, dims=[1048576], dtype=\"f32\"} @\"\" : f32[1048576]\n"
      "  %1 = tanh(%0) {} @\"a\" : f32[1048576]\n"
      "  return \"y\" %1\n"};
  for (const std::string& body : cases) {
    const Graph graph = Parse("graph g\n" + body + "end\n");
    EXPECT_EQ(ToText(FoldConstants(graph).graph), ToText(graph));
  }
}

TEST(Fold, KeepsTheSignOfZero) {
  const Graph graph = Parse(
      "graph g\n"
      "  %0 = fill() {value=-0.0, dims=[2], dtype=\"f64\"} @\"\" : f64[2]\n"
      "  %1 = reshape(%0) {dims=[2,1]} @\"a\" : f64[2,1]\n"
      "  return \"y\" %1\n"
      "end\n");
  const Rewritten folded = FoldConstants(graph);
  EXPECT_EQ(folded.graph.nodes()[1].op->name, "fill");
  ExpectSameResults(graph, folded.graph);
}

}  // namespace
}  // namespace lockstep::graph
