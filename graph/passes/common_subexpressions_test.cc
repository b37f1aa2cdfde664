// SPDX-License-Identifier: Apache-2.0
#include "graph/passes/common_subexpressions.h"

#include <gtest/gtest.h>

#include "graph/ir/text.h"
#include "graph/ir/verify.h"
#include "graph/passes/testing/random_args.h"
#include "graph/program/program.h"

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

TEST(CommonSubexpressions, AreMergedAsFarAsTheyReach) {
  const Graph graph = Parse(
      "graph g\n"
      "  %0 = input \"x\" f32[4]\n"
      "  %1 = relu(%0) {} @\"a\" : f32[4]\n"
      "  %2 = tanh(%1) {} @\"b\" : f32[4]\n"
      "  %3 = relu(%0) {} @\"c\" : f32[4]\n"
      "  %4 = tanh(%3) {} @\"d\" : f32[4]\n"
      "  %5 = add(%2, %4) {} @\"e\" : f32[4]\n"
      "  return \"y\" %5\n"
      "  return \"z\" %4\n"
      "end\n");
  const Rewritten merged = MergeCommonSubexpressions(graph);
  EXPECT_EQ(ToText(merged.graph),
            "graph g\n"
            "  %0 = input \"x\" f32[4]\n"
            "  %1 = relu(%0) {} @\"a\" : f32[4]\n"
            "  %2 = tanh(%1) {} @\"b\" : f32[4]\n"
            "  %3 = add(%2, %2) {} @\"e\" : f32[4]\n"
            "  return \"y\" %3\n"
            "  return \"z\" %2\n"
            "end\n");
  EXPECT_EQ(merged.renamed[4], Value{2});
  ExpectSameResults(graph, merged.graph);
}

TEST(CommonSubexpressions, OtherAttributesInputsOrOpsAreNone) {
  const Graph graph = Parse(
      "graph g\n"
      "  %0 = input \"x\" f32[4]\n"
      "  %1 = input \"y\" f32[4]\n"
      "  %2 = add(%0, %1) {} @\"\" : f32[4]\n"
      "  %3 = add(%1, %0) {} @\"\" : f32[4]\n"
      "  %4 = relu(%0) {} @\"\" : f32[4]\n"
      "  %5 = tanh(%0) {} @\"\" : f32[4]\n"
      "  %6 = fill() {value=0.0, dims=[4], dtype=\"f32\"} @\"\" : f32[4]\n"
      "  %7 = fill() {value=-0.0, dims=[4], dtype=\"f32\"} @\"\" : f32[4]\n"
      "end\n");
  EXPECT_EQ(ToText(MergeCommonSubexpressions(graph).graph), ToText(graph));
}

TEST(CommonSubexpressions, NeverAreTwoRandomOpsNorACopyThatSavesMemory) {
  const Graph graph = Parse(
      "graph g\n"
      "  %0 = input \"x\" f32[4]\n"
      "  %1, %2 = dropout(%0) {p=0.5} @\"a\" : f32[4], u8[4]\n"
      "  %3, %4 = dropout(%0) {p=0.5} @\"b\" : f32[4], u8[4]\n"
      "  %5 = relu(%0) {} @\"c\" : f32[4]\n"
      "  %6 = relu(%0) {} @\"c\" recomputed : f32[4]\n"
      "end\n");
  EXPECT_EQ(ToText(MergeCommonSubexpressions(graph).graph), ToText(graph));
}

TEST(Program, RewritesBeforeAutodiffWhereAsked) {
  ProgramOptions options;
  options.model = "convnet-bn";
  options.image = {8, 8, 1};
  options.lane_batch = 3;
  const Result<Graph> plain = Program::Make(options)->Lane(3);
  options.rewrite = true;
  const Result<Program> program = Program::Make(options);
  ASSERT_TRUE(program.ok()) << program.status();
  const Result<Graph> rewritten = program->Lane(3);
  ASSERT_TRUE(plain.ok() && rewritten.ok()) << rewritten.status();
  // What was fused in the forward half has a fused gradient: it was there before autodiff.
  EXPECT_EQ(ToText(*plain).find("batch_norm_relu"), std::string::npos);
  EXPECT_NE(ToText(*rewritten).find("batch_norm_relu_train"), std::string::npos);
  EXPECT_NE(ToText(*rewritten).find("batch_norm_relu_grad"), std::string::npos);
  ASSERT_TRUE(program->Eval(3).ok()) << program->Eval(3).status();
}

}  // namespace
}  // namespace lockstep::graph
