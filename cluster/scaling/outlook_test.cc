// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/outlook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::cluster {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Outlook Example(int32_t ranks, int32_t lanes) {
  const Network network = {.latency_ms = 0.002, .gb_per_second = 25.0, .ranks_per_node = 6};
  return {.work = {.parameter_bytes = 100'000'000, .buckets = 3},
          .model = ModelOfLane(/*lane_ms=*/10.0, network),
          .from = "made up",
          .at = {ranks, lanes},
          .lane_batch = 32,
          .network = network};
}

TEST(OutlookTest, NamesTheLanesThatServeAMachineOfSixRanks) {
  const auto text = OutlookText(Example(12, 24));
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(*text, AllOf(HasSubstr("V = 24 lanes of 32 images"), HasSubstr("machines of 6 ranks"),
                           HasSubstr("  12  W=6: 2, "), HasSubstr("  24  W=6: 4, "),
                           HasSubstr("W=12: 2, "), HasSubstr("W=24: 1, "),
                           HasSubstr("  48  W=6: 8, "), HasSubstr("constants made up")));
}

TEST(OutlookTest, OneRankTakesAllLanesAndExchangesNothing) {
  const auto text = OutlookText(Example(1, 8));
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(*text, HasSubstr("     1        1     80.000     80.000      0.000"));
}

TEST(OutlookTest, MoreRanksThanLanesAreRefusedWithTheLanesThatWouldDo) {
  for (const int32_t ranks : {0, -3, 9}) {
    const auto text = OutlookText(Example(ranks, 8));
    EXPECT_EQ(text.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(text.status().message(), HasSubstr("cannot share 8 lanes"));
  }
  EXPECT_THAT(OutlookText(Example(9, 8)).status().message(), HasSubstr("batch.lanes=9"));
}

TEST(OutlookTest, MachinesOfAnySizeAndMoreLanesThanARecipeMayHaveDoNotOverflow) {
  Outlook outlook = Example(65536, 65536);
  outlook.network.ranks_per_node = 65536;
  outlook.work.rank_cores = 65536;
  EXPECT_EQ(OnMachinesOf(outlook.network, outlook.work).machine_cores, 2147483647);
  const auto text = OutlookText(Example(1, 65537));
  EXPECT_EQ(text.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(text.status().message(), HasSubstr("batch.lanes=65537: expected at most 65536"));
}

}  // namespace
}  // namespace lockstep::cluster
