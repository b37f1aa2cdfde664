// SPDX-License-Identifier: Apache-2.0
#include "graph/passes/dead_code.h"

#include <gtest/gtest.h>

#include "graph/ir/text.h"
#include "graph/ir/verify.h"
#include "graph/passes/testing/random_args.h"

namespace lockstep::graph {
namespace {

TEST(RemoveDeadCode, KeepsArgumentsResultsAndWhatTheyNeed) {
  const Result<Graph> graph = GraphFromText(
      "graph g\n"
      "  %0 = input \"x\" f32[4]\n"
      "  %1 = tanh(%0) {} @\"dead\" : f32[4]\n"
      "  %2 = param \"unused\" f32[2]\n"
      "  %3 = relu(%1) {} @\"dead too\" : f32[4]\n"
      "  %4, %5 = dropout(%0) {p=0.5} @\"half used\" : f32[4], u8[4]\n"
      "  %6 = relu(%4) {} @\"used\" : f32[4]\n"
      "  return \"y\" %6\n"
      "  return \"x\" %0\n"
      "end\n");
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Graph live = RemoveDeadCode(*graph);
  EXPECT_EQ(ToText(live),
            "graph g\n"
            "  %0 = input \"x\" f32[4]\n"
            "  %1 = param \"unused\" f32[2]\n"
            "  %2, %3 = dropout(%0) {p=0.5} @\"half used\" : f32[4], u8[4]\n"
            "  %4 = relu(%2) {} @\"used\" : f32[4]\n"
            "  return \"y\" %4\n"
            "  return \"x\" %0\n"
            "end\n");
  EXPECT_TRUE(VerifyGraph(live).ok());
  const std::vector<HostTensor> args = RandomArgs(*graph, 2);
  const auto before = EvaluateGraph(*graph, args);
  const auto after = EvaluateGraph(live, args);
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_TRUE(SameBits(before->at("y"), after->at("y")));
}

}  // namespace
}  // namespace lockstep::graph
