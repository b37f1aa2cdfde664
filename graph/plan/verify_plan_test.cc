// SPDX-License-Identifier: Apache-2.0
// Faults are planted in sound plans; each must be found.
#include "graph/plan/verify_plan.h"

#include <gtest/gtest.h>

#include "base/check.h"
#include "graph/ir/text.h"
#include "graph/plan/memory.h"

namespace lockstep::graph {
namespace {

// Values %1 .. %4 lie in the arena. %3 takes over %2; %1 is alive until %4 is made.
constexpr const char* kText =
    "graph g\n"
    "  %0 = input \"x\" f32[4,4]\n"
    "  %1 = relu(%0) {} @\"first\" : f32[4,4]\n"
    "  %2 = matmul(%1, %0) {transpose_a=false, transpose_b=false} @\"second\" : f32[4,4]\n"
    "  %3 = tanh(%2) {} @\"third\" : f32[4,4]\n"
    "  %4 = matmul(%1, %3) {transpose_a=false, transpose_b=false} @\"fourth\" : f32[4,4]\n"
    "  %5 = matmul(%4, %0) {transpose_a=false, transpose_b=false} @\"last\" : f32[4,4]\n"
    "  return \"y\" %5\n"
    "  return \"y again\" %5\n"
    "  return \"x\" %0\n"
    "end\n";

class VerifyPlanTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto plan = Compile(graph_, ReferenceCpuSpec());
    ASSERT_TRUE(plan.ok()) << plan.status();
    plan_ = **plan;
  }

  static Graph Parse() {
    Result<Graph> graph = GraphFromText(kText);
    CHECK(graph.ok()) << graph.status();
    return *std::move(graph);
  }

  void ExpectFound(const std::string& what) {
    const Status status = VerifyPlan(graph_, plan_);
    EXPECT_EQ(status.code(), StatusCode::kInternal);
    EXPECT_NE(status.message().find(what), std::string::npos) << status;
  }

  const Graph graph_ = Parse();
  Plan plan_;
};

TEST_F(VerifyPlanTest, TakesASoundPlan) {
  EXPECT_TRUE(VerifyPlan(graph_, plan_).ok());
  EXPECT_EQ(plan_.nodes[2].in[0].offset, plan_.nodes[2].out[0].offset) << "third runs in place";
}

TEST_F(VerifyPlanTest, FindsAnOverlapOfValuesAliveAtOnce) {
  plan_.nodes[1].out[0].offset = plan_.nodes[0].out[0].offset;  // second over first
  ExpectFound(
      "layer 'second', matmul: %2 (matmul of 'second') is written over %1 (relu of 'first')"
      ", which is still to be read");
}

TEST_F(VerifyPlanTest, FindsAnotherGraphsNode) {
  plan_.nodes[1].spec.path = "elsewhere";
  ExpectFound("is not the graph's node");
}

TEST_F(VerifyPlanTest, FindsAReadAfterDeath) {
  // fourth reads what third made: put it where second's value lay before third took it over.
  plan_.arena_bytes += kBufferAlignment;
  plan_.nodes[2].out[0].offset = plan_.arena_bytes - kBufferAlignment;
  plan_.nodes[3].in[1] = plan_.nodes[1].out[0];
  ExpectFound("layer 'fourth', matmul: input 1, %3 (tanh of 'third'), is not whole");
}

TEST_F(VerifyPlanTest, FindsAReadBeforeAnythingIsWritten) {
  plan_.arena_bytes += kBufferAlignment;
  plan_.nodes[3].in[1].offset = plan_.arena_bytes - kBufferAlignment;
  ExpectFound("nothing begins there");
}

TEST_F(VerifyPlanTest, FindsAnOutputInThePlaceOfAnInputWithoutLeave) {
  plan_.nodes[3].out[0].offset = plan_.nodes[3].in[0].offset;  // a product over its factor
  plan_.nodes[4].in[0].offset = plan_.nodes[3].in[0].offset;
  ExpectFound("layer 'fourth', matmul: %4 (matmul of 'fourth') is written over %1");
}

TEST_F(VerifyPlanTest, FindsAWorkspaceOverALiveValue) {
  plan_.nodes[1].candidate.workspace_bytes = plan_.nodes[1].workspace_bytes = 64;
  plan_.nodes[1].workspace_offset = plan_.nodes[0].out[0].offset;
  ExpectFound("layer 'second', matmul: the workspace is written over %1 (relu of 'first')");
}

TEST_F(VerifyPlanTest, FindsAnOutputInItsNodesWorkspace) {
  plan_.nodes[1].candidate.workspace_bytes = plan_.nodes[1].workspace_bytes = 64;
  plan_.nodes[1].workspace_offset = plan_.nodes[1].out[0].offset;
  ExpectFound("%2 (matmul of 'second') is written over the workspace");
}

TEST_F(VerifyPlanTest, FindsWhatLiesOutsideTheArena) {
  plan_.arena_bytes -= kBufferAlignment;
  ExpectFound("not in the arena");
}

TEST_F(VerifyPlanTest, FindsAResultThatIsNeverWritten) {
  plan_.nodes[4].out[0] = {Place::Kind::kArena, 0, plan_.nodes[2].out[0].offset};
  ExpectFound("result 'y' is written never, or twice");
}

TEST_F(VerifyPlanTest, FindsAResultThatIsCopiedAndWritten) {
  plan_.results[0].copy_of_arg = 0;
  ExpectFound("result 'y' is written never, or twice");
}

TEST_F(VerifyPlanTest, FindsAnotherArgumentsPlace) {
  plan_.nodes[0].in[0].index = 1;
  ExpectFound("layer 'first', relu: input 0 is not read from its argument");
}

}  // namespace
}  // namespace lockstep::graph
