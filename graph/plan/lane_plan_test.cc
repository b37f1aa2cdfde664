// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/lane_plan.h"

#include <gtest/gtest.h>

#include "graph/plan/testing/bottleneck_lane.h"

namespace lockstep::graph {
namespace {

using Kind = RecomputePolicy::Kind;
using PlanPtr = std::shared_ptr<const Plan>;

PlanPtr PlanOf(const Graph& lane, const RecomputePolicy& policy) {
  const Result<PlanPtr> plan = CompileLane(lane, ReferenceCpuSpec(), policy);
  CHECK(plan.ok()) << plan.status();
  return *plan;
}

void ExpectNearItsLowerBound(const Plan& plan, const std::string& what) {
  EXPECT_LE(static_cast<double>(plan.arena_bytes),
            1.05 * static_cast<double>(plan.arena_lower_bound))
      << what;
}

TEST(CompileLane, BlocksOfResNet50TakeFortyPercentOffThePeak) {
  const Graph lane = BottleneckLane{}.Make();
  const PlanPtr whole = PlanOf(lane, {});
  const PlanPtr blocks = PlanOf(lane, {Kind::kBlocks});
  EXPECT_EQ(whole->arena_without_recompute, 0);
  EXPECT_EQ(blocks->arena_without_recompute, whole->arena_bytes);
  EXPECT_LT(static_cast<double>(blocks->arena_bytes),
            0.6 * static_cast<double>(whole->arena_bytes));
  EXPECT_EQ(blocks->flops(), whole->flops() + blocks->recomputed_flops());
  EXPECT_GT(blocks->recomputed_flops(), 0);
  EXPECT_LT(4 * blocks->recomputed_flops(), blocks->flops()) << "at most one forward of three";
  ExpectNearItsLowerBound(*blocks, "blocks");
}

TEST(CompileLane, EveryBudgetIsKeptAndCostsMoreTheLessItAllows) {
  const Graph lane = BottleneckLane{}.Make();
  const PlanPtr whole = PlanOf(lane, {});
  int64_t flops = 0;
  for (int64_t percent : {100, 90, 70, 50, 40}) {
    const int64_t budget = whole->arena_bytes * percent / 100;
    const PlanPtr plan = PlanOf(lane, {Kind::kBudget, budget});
    EXPECT_LE(plan->arena_bytes, budget);
    EXPECT_GE(plan->recomputed_flops(), flops) << percent;
    flops = plan->recomputed_flops();
    if (percent == 100) {
      EXPECT_EQ(flops, 0) << "nothing is recomputed that need not be";
    } else if (percent == 90) {
      EXPECT_LT(100 * flops, plan->flops()) << "norms and activations suffice";
    }
    ExpectNearItsLowerBound(*plan, std::to_string(percent) + " percent");
  }
}

TEST(CompileLane, ABudgetThatCannotBeKeptIsRefusedWithTheLeastThereIs) {
  const Graph lane = BottleneckLane{.rows = 8}.Make();
  const Result<PlanPtr> refused =
      CompileLane(lane, ReferenceCpuSpec(), {Kind::kBudget, int64_t{1} << 20});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), StatusCode::kResourceExhausted);
  const std::string message = refused.status().message();
  const std::string before = "the least that recomputing gives is ";
  const size_t at = message.find(before);
  ASSERT_NE(at, std::string::npos) << message;
  const int64_t least = std::stoll(message.substr(at + before.size())) << 20;
  EXPECT_LE(PlanOf(lane, {Kind::kBudget, least})->arena_bytes, least);
}

TEST(CompileLane, BlocksOfAModelWithoutBlocksAreRefused) {
  const Graph lane = BottleneckLane{.blocks = {1}, .width = 4, .rows = 2, .side = 16}.Make();
  const Result<PlanPtr> plan = CompileLane(lane, ReferenceCpuSpec(), {Kind::kBlocks});
  ASSERT_FALSE(plan.ok());
  EXPECT_NE(plan.status().message().find("has not two blocks"), std::string::npos) << plan.status();
}

TEST(CompileLane, PlansOfAllModelsWithABudgetAreNearTheirLowerBound) {
  size_t planned = 0;
  for (const Model& model : Models()) {
    ProgramOptions options = DescribedFor(model);
    options.lane_batch = 8;
    const Result<Graph> lane = Program::Make(options)->Lane(8);
    ASSERT_TRUE(lane.ok());
    const int64_t half = PlanOf(*lane, {})->arena_bytes / 2;
    const Result<PlanPtr> plan = CompileLane(*lane, ReferenceCpuSpec(), {Kind::kBudget, half});
    if (plan.ok()) {
      EXPECT_LE((*plan)->arena_bytes, half);
      ExpectNearItsLowerBound(**plan, std::string(model.name));
      ++planned;
    } else {  // the model cannot do with half
      EXPECT_EQ(plan.status().code(), StatusCode::kResourceExhausted) << plan.status();
    }
  }
  EXPECT_GE(planned, 5u) << "at least the five ResNets can do with half";
}

TEST(RecomputePolicyTest, ReadsWhatARecipeMaySay) {
  EXPECT_EQ(RecomputePolicy::Parse("none")->kind, Kind::kNone);
  EXPECT_EQ(RecomputePolicy::Parse("blocks")->kind, Kind::kBlocks);
  EXPECT_EQ(RecomputePolicy::Parse("800")->budget_bytes, int64_t{800} << 20);
  for (const char* wrong : {"", "all", "0", "-1", "8x", "1.5", "9999999999999"}) {
    const Result<RecomputePolicy> policy = RecomputePolicy::Parse(wrong);
    ASSERT_FALSE(policy.ok()) << wrong;
    EXPECT_NE(policy.status().message().find("expected \"none\", \"blocks\" or a budget in MiB"),
              std::string::npos)
        << policy.status();
  }
}

}  // namespace
}  // namespace lockstep::graph
