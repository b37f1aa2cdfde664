// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/activations.h"

#include <gtest/gtest.h>

#include "graph/ir/text.h"

namespace lockstep::graph {
namespace {

TEST(PlanActivations, CountsWhatIsAliveAtOnceAndNeitherArgumentsNorResults) {
  const Result<Graph> graph = GraphFromText(
      "graph g\n"
      "  %0 = input \"x\" f32[100]\n"
      "  %1 = tanh(%0) {} @\"a\" : f32[100]\n"
      "  %2 = relu(%1) {} @\"b\" : f32[100]\n"
      "  %3 = tanh(%2) {} @\"c\" : f32[100]\n"
      "  %4 = relu(%3) {} @\"d\" : f32[100]\n"
      "  return \"y\" %4\nend\n");
  ASSERT_TRUE(graph.ok()) << graph.status();
  const MemoryPlan plan = PlanActivations(*graph, 256);
  EXPECT_EQ(plan.offsets.size(), 3u);
  EXPECT_EQ(plan.arena_bytes, 2 * 512) << "two at once, none in place, 400 bytes made whole";
  EXPECT_EQ(PlanActivations(*graph, 64).arena_bytes, 2 * 448);
}

}  // namespace
}  // namespace lockstep::graph
