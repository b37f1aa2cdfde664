// SPDX-License-Identifier: Apache-2.0
#include "graph/ir/text.h"

#include <gtest/gtest.h>

#include "graph/ir/verify.h"
#include "graph/program/program.h"

namespace lockstep::graph {
namespace {

ProgramOptions OptionsFor(const Model& model) {
  ProgramOptions options = DescribedFor(model);
  options.lane_batch = 4;
  if (options.loss.name == "cross-entropy") options.loss.options.Set("label_smoothing", 0.1);
  return options;
}

constexpr const char* kSmall =
    "graph tiny\n"
    "  %0 = input \"x\" f32[2,3]\n"
    "  %1 = param \"w\" f32[4,3]\n"
    "  %2 = matmul(%0, %1) {transpose_a=false, transpose_b=true} @\"fc\" : f32[2,4]\n"
    "  %3, %4 = dropout(%2) {p=0.25} @\"drop\" : f32[2,4], u8[2,4]\n"
    "  return \"y\" %3\n"
    "end\n";

TEST(GraphText, EveryGraphOfEveryModelRoundTrips) {
  for (const Model& model : Models()) {
    const Result<Program> program = Program::Make(OptionsFor(model));
    ASSERT_TRUE(program.ok()) << model.name << ": " << program.status();
    for (const Result<Graph>& graph : {program->Lane(3), program->Eval(5), program->Update(128),
                                       program->UpdateRunning(8, 0.1)}) {
      ASSERT_TRUE(graph.ok()) << model.name << ": " << graph.status();
      EXPECT_TRUE(VerifyGraph(*graph).ok()) << VerifyGraph(*graph);
      const std::string text = ToText(*graph);
      const Result<Graph> again = GraphFromText(text);
      ASSERT_TRUE(again.ok()) << again.status() << "\n" << text;
      EXPECT_EQ(*again, *graph) << model.name;
      EXPECT_EQ(ToText(*again), text);
    }
  }
}

TEST(GraphText, ReadsWhatThePageShows) {
  const Result<Graph> graph = GraphFromText(kSmall);
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(ToText(*graph), kSmall);
  EXPECT_EQ(graph->TypeOf(graph->FindResult("y")->value).ToString(), "f32[2,4]");
}

struct BadText {
  const char* what;
  std::string from, to, expected;
};

TEST(GraphText, NamesTheLineOfEveryMistake) {
  const BadText cases[] = {
      {"unknown op", "matmul", "matmull", "line 4: unknown op 'matmull'"},
      {"wrong type", ": f32[2,4]\n  %3", ": f32[2,5]\n  %3", "line 4: expected type f32[2,4]"},
      {"value from below", "matmul(%0, %1)", "matmul(%0, %9)",
       "line 4: expected a value defined above"},
      {"number out of order", "%1 = param", "%7 = param", "line 3: expected the next value number"},
      {"shapes that do not fit", "f32[4,3]", "f32[4,7]", "line 4: layer 'fc', matmul"},
      {"bad tensor type", "f32[2,3]", "f32[2,,3]", "is not a tensor type"},
      {"unknown attribute", "p=0.25", "q=0.25", "'p' is missing"},
      {"cut off", "end\n", "", "no 'end' line"},
      {"more after the end", "end\n", "end\nend\n", "line 8: expected nothing after 'end'"},
      {"no name", "graph tiny", "graff tiny", "line 1: expected 'graph NAME'"},
  };
  for (const BadText& bad : cases) {
    std::string text = kSmall;
    const size_t at = text.find(bad.from);
    ASSERT_NE(at, std::string::npos) << bad.what;
    text.replace(at, bad.from.size(), bad.to);
    const Result<Graph> graph = GraphFromText(text);
    ASSERT_FALSE(graph.ok()) << bad.what;
    EXPECT_NE(graph.status().message().find(bad.expected), std::string::npos)
        << bad.what << ": " << graph.status();
  }
}

TEST(GraphText, EveryPrefixIsRefusedWithoutACrash) {
  const std::string text = kSmall;
  for (size_t n = 0; n + 1 < text.size(); ++n) {
    if (text.substr(0, n).ends_with("end")) continue;
    EXPECT_FALSE(GraphFromText(text.substr(0, n)).ok()) << n;
  }
}

TEST(VerifyGraphTest, RefusesTwoRandomLayersOnOnePath) {
  std::string text = kSmall;
  text.replace(text.find("  return"), 0,
               "  %5, %6 = dropout(%3) {p=0.25} @\"drop\" : f32[2,4], u8[2,4]\n");
  const Result<Graph> graph = GraphFromText(text);
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Status status = VerifyGraph(*graph);
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("share the path 'drop'"), std::string::npos) << status;
}

// Dropout and dropout2d draw from the same stream where they share a path.
TEST(VerifyGraphTest, RefusesTwoRandomLayersOfDifferentOpsOnOnePath) {
  const Result<Graph> graph = GraphFromText(
      "graph g\n"
      "  %0 = input \"x\" f32[2,3,3,4]\n"
      "  %1, %2 = dropout(%0) {p=0.25} @\"drop\" : f32[2,3,3,4], u8[2,3,3,4]\n"
      "  %3, %4 = dropout2d(%1) {p=0.25} @\"drop\" : f32[2,3,3,4], u8[2,4]\n"
      "  return \"y\" %3\n"
      "end\n");
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_FALSE(VerifyGraph(*graph).ok());
}

TEST(VerifyGraphTest, ARecomputedNodeRepeatsAnEarlierOne) {
  std::string text = kSmall;
  text.replace(text.find("  return"), 0,
               "  %5, %6 = dropout(%2) {p=0.25} @\"drop\" recomputed : f32[2,4], u8[2,4]\n");
  Result<Graph> graph = GraphFromText(text);
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(ToText(*graph), text);
  EXPECT_TRUE(VerifyGraph(*graph).ok()) << VerifyGraph(*graph);
  for (const auto& [from, to] : {std::pair{"{p=0.25} @\"drop\" rec", "{p=0.5} @\"drop\" rec"},
                                 std::pair{"@\"drop\" rec", "@\"other\" rec"}}) {
    std::string changed = text;
    changed.replace(changed.find(from), std::string(from).size(), to);
    graph = GraphFromText(changed);
    ASSERT_TRUE(graph.ok()) << graph.status();
    EXPECT_NE(VerifyGraph(*graph).message().find("no earlier node is its original"),
              std::string::npos)
        << to;
  }
}

}  // namespace
}  // namespace lockstep::graph
