// SPDX-License-Identifier: Apache-2.0
#include "coordinator/ledger/step_history.h"

#include <gtest/gtest.h>

#include "base/hash.h"

namespace lockstep::coordinator {
namespace {

std::string Row(int64_t step, uint64_t digest) {
  return std::to_string(step) + "," + Hex64(5) + ",0.5,0," + Hex64(digest) + "\n";
}

std::vector<comm::StepDigest> Rows(int64_t first, int64_t last) {
  std::vector<comm::StepDigest> rows;
  for (int64_t step = first; step <= last; ++step) {
    rows.push_back({step, 1000 + static_cast<uint64_t>(step), 5});
  }
  return rows;
}

storage::GenerationInfo SomeGeneration(int64_t number, int32_t branch, const std::string& parent) {
  storage::GenerationInfo generation;
  generation.number = number;
  generation.branch = branch;
  generation.parent = parent;
  return generation;
}

std::vector<int32_t> Branches(const std::vector<BranchStep>& steps) {
  std::vector<int32_t> branches;
  for (const BranchStep& step : steps) branches.push_back(step.branch);
  return branches;
}

TEST(ParseDigestRows, OnlyWholeRowsWithADigestCount) {
  const auto rows =
      ParseDigestRows("step,loss_bits,loss,skipped,digest\n" + Row(1, 11) + "2," + Hex64(5) +
                      ",0.5,0,\n" + "x," + Hex64(5) + ",0.5,0," + Hex64(1) + "\n" + "\n,,,,\n" +
                      "9," + Hex64(5) + ",0.5,0," + Hex64(1) + ",more\n" + Row(3, 33) + "4,0000");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].step, 1);
  EXPECT_EQ(rows[0].digest, 11u);
  EXPECT_EQ(rows[0].loss_bits, 5u);
  EXPECT_EQ(rows[1].step, 3);
  EXPECT_TRUE(ParseDigestRows("").empty());
}

TEST(StepsOfBranches, RowsUpToAVouchedOneAreOfItsBranch) {
  const auto steps = StepsOfBranches(Rows(1, 5), {{{1, 3}, 1003}}, {SomeGeneration(1, 1, "")});
  EXPECT_EQ(Branches(steps), (std::vector<int32_t>{1, 1, 1}));
}

TEST(StepsOfBranches, RowsThatNoCheckpointVouchesForAreLeftOut) {
  EXPECT_TRUE(StepsOfBranches(Rows(1, 5), {}, {}).empty());
  EXPECT_TRUE(StepsOfBranches(Rows(1, 5), {{{1, 3}, 99}}, {}).empty());
}

TEST(StepsOfBranches, StepsBeforeABranchBeganAreOfTheOneItCameFrom) {
  const std::vector<storage::GenerationInfo> generations = {
      SomeGeneration(1, 1, ""), SomeGeneration(2, 2, "b01-s0000000002"),
      SomeGeneration(3, 3, "b02-s0000000004"), SomeGeneration(4, 3, "b03-s0000000005")};
  const auto steps = StepsOfBranches(Rows(1, 6), {{{1, 2}, 1002}, {{3, 6}, 1006}}, generations);
  EXPECT_EQ(Branches(steps), (std::vector<int32_t>{1, 1, 2, 2, 3, 3}));
}

TEST(StepsOfBranches, RowsLeftOfAFormerBranchAreNotTakenForTheNewOne) {
  // Branch 2 has begun at step 2, but the file still ends with steps 3 to 5 of branch 1.
  const std::vector<storage::GenerationInfo> generations = {
      SomeGeneration(1, 1, ""), SomeGeneration(2, 2, "b01-s0000000002")};
  const auto steps = StepsOfBranches(Rows(1, 5), {{{1, 2}, 1002}}, generations);
  EXPECT_EQ(Branches(steps), (std::vector<int32_t>{1, 1}));
}

}  // namespace
}  // namespace lockstep::coordinator
