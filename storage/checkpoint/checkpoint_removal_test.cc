// SPDX-License-Identifier: Apache-2.0
// Which checkpoints may go and which never do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/generation.h"
#include "storage/checkpoint/testing/made_checkpoint.h"
#include "storage/env/files.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::storage {
namespace {

using ::testing::ElementsAre;

constexpr int32_t kBranch = 2;

struct RetentionCase {
  const char* what;
  std::vector<int64_t> steps;    // of kBranch
  std::vector<int64_t> damaged;  // of these, the manifest
  int32_t keep_last;
  std::vector<CheckpointId> keep;
  std::vector<int64_t> removed;
};

class RetentionTable : public ::testing::TestWithParam<RetentionCase> {};

TEST_P(RetentionTable, RemovesExactlyThese) {
  const RetentionCase& c = GetParam();
  const ScratchDirectory run;
  ASSERT_TRUE(MadeCheckpoint({1, 1}).Write(run.path()).ok());  // other branches are left alone
  ASSERT_TRUE(MadeCheckpoint({3, 1}).Write(run.path()).ok());
  for (const int64_t step : c.steps) {
    ASSERT_TRUE(MadeCheckpoint({kBranch, step}).Write(run.path()).ok());
  }
  for (const int64_t step : c.damaged) {
    const std::string name = CheckpointId{kBranch, step}.Name();
    std::filesystem::resize_file(run / ("checkpoints/" + name + "/manifest.json"), 40);
  }
  const auto removed = RemoveOldCheckpoints(run.path(), kBranch, {c.keep_last, c.keep});
  ASSERT_TRUE(removed.ok()) << removed.status();
  std::vector<int64_t> steps;
  for (const CheckpointId id : *removed) {
    EXPECT_EQ(id.branch, kBranch);
    steps.push_back(id.step);
  }
  EXPECT_EQ(steps, c.removed);
  std::vector<CheckpointId> expected = {{1, 1}};
  for (const int64_t step : c.steps) {
    if (std::count(steps.begin(), steps.end(), step) == 0) expected.push_back({kBranch, step});
  }
  expected.push_back({3, 1});
  EXPECT_EQ(*ListCheckpoints(run.path()), expected);
  EXPECT_EQ(ListDir(run / "checkpoints")->size(), expected.size());
}

INSTANTIATE_TEST_SUITE_P(
    Checkpoint, RetentionTable,
    ::testing::Values(RetentionCase{"Nothing", {}, {}, 3, {}, {}},
                      RetentionCase{"FewerThanKept", {1, 2}, {}, 3, {}, {}},
                      RetentionCase{"OlderThanKept", {1, 2, 3, 4, 5}, {}, 3, {}, {1, 2}},
                      RetentionCase{"NeverTheLastTwo", {1, 2, 3}, {}, 0, {}, {1}},
                      RetentionCase{"TheBestStays", {1, 2, 3, 4}, {}, 2, {{2, 1}}, {2}},
                      RetentionCase{"TheBestOfAnother", {1, 2, 3}, {}, 2, {{1, 1}}, {1}},
                      RetentionCase{"DamagedOnesDoNotCount", {1, 2, 3, 4, 5}, {4, 5}, 2, {}, {1}},
                      RetentionCase{"OldDamagedOnesGo", {1, 2, 3, 4}, {2}, 2, {}, {1, 2}},
                      RetentionCase{"AllDamaged", {1, 2, 3}, {1, 2, 3}, 2, {}, {}}),
    [](const auto& info) { return info.param.what; });

// Claims and ends, so that a generation file names this parent.
void ClaimFrom(const ScratchDirectory& run, const std::string& parent) {
  GenerationInfo info;
  info.parent = parent;
  const auto claimed = Generation::Claim(run.path(), info, {});
  ASSERT_TRUE(claimed.ok() && *claimed) << claimed.status();
}

TEST(CheckpointRemoval, TheParentOfTheNewestGenerationStaysAndNoOther) {
  const ScratchDirectory run;
  for (int64_t step = 1; step <= 5; ++step) {
    ASSERT_TRUE(MadeCheckpoint({1, step}).Write(run.path()).ok());
  }
  ClaimFrom(run, "b01-s0000000001");
  ClaimFrom(run, "b01-s0000000002");
  EXPECT_THAT(*RemoveOldCheckpoints(run.path(), 1, {.keep_last = 2}),
              ElementsAre(CheckpointId{1, 1}, CheckpointId{1, 3}));
}

// Every start takes one checkpoint further than the start before and is then killed.
TEST(CheckpointRemoval, AHundredShortStartsLeaveNoMoreThanTheStatedBound) {
  const ScratchDirectory run;
  constexpr int32_t kKeepLast = 3;
  std::string parent;
  for (int64_t start = 1; start <= 100; ++start) {
    ClaimFrom(run, parent);
    const CheckpointId id{1, start};
    MadeCheckpoint made(id);
    made.manifest().generation = start;
    ASSERT_TRUE(made.Write(run.path()).ok());
    ASSERT_TRUE(RemoveOldCheckpoints(run.path(), 1, {kKeepLast, {CheckpointId{1, 1}}}).ok());
    // The newest three, with the parent among them, and the best one.
    ASSERT_LE(ListCheckpoints(run.path())->size(), 4u) << "after start " << start;
    parent = id.Name();
  }
  EXPECT_THAT(*ListCheckpoints(run.path()), ElementsAre(CheckpointId{1, 1}, CheckpointId{1, 98},
                                                        CheckpointId{1, 99}, CheckpointId{1, 100}));
}

// What a damaged newest generation file went on from nobody knows: nothing older than it is
// removed.
TEST(CheckpointRemoval, WhatMayBeTheParentOfADamagedNewestGenerationStays) {
  const ScratchDirectory run;
  for (int i = 0; i < 2; ++i) ClaimFrom(run, "");
  std::filesystem::resize_file(run / "generations/g000002", 50);
  for (int64_t step = 1; step <= 6; ++step) {
    MadeCheckpoint made({1, step});
    made.manifest().generation = step <= 2 ? 1 : 2;
    ASSERT_TRUE(made.Write(run.path()).ok());
  }
  EXPECT_THAT(*RemoveOldCheckpoints(run.path(), 1, {.keep_last = 2}),
              ElementsAre(CheckpointId{1, 3}, CheckpointId{1, 4}));
}

TEST(CheckpointRemoval, AFileOfWrongSizeDoesNotCountAsWhole) {
  const ScratchDirectory run;
  for (int64_t step = 1; step <= 3; ++step) {
    ASSERT_TRUE(MadeCheckpoint({1, step}).Write(run.path()).ok());
  }
  std::filesystem::resize_file(
      run / "checkpoints/b01-s0000000003/progress-00001-of-00001.safetensors", 3);
  EXPECT_TRUE(RemoveOldCheckpoints(run.path(), 1, {.keep_last = 2})->empty());
}

TEST(CheckpointRemoval, AllMeansTemporariesAndConflictsToo) {
  const ScratchDirectory run;
  EXPECT_TRUE(RemoveAllCheckpoints(run.path()).ok());  // there is no folder yet
  EXPECT_TRUE(RemoveStaleTemporaries(run.path()).ok());
  ASSERT_TRUE(MadeCheckpoint({1, 1}).Write(run.path()).ok());
  ASSERT_TRUE(MadeCheckpoint({2, 1}).Write(run.path()).ok());
  ASSERT_FALSE(MadeCheckpoint({2, 1}, 1).Write(run.path()).ok());
  for (const char* name : {".tmp-b01-s0000000009-g000001-x", ".trash-x", "mine"}) {
    std::filesystem::create_directory(run / (std::string("checkpoints/") + name));
    std::ofstream(run / (std::string("checkpoints/") + name + "/file")) << "x";
  }
  EXPECT_TRUE(RemoveStaleTemporaries(run.path()).ok());
  EXPECT_THAT(*ListDir(run / "checkpoints"),
              ElementsAre("b01-s0000000001", "b02-s0000000001", "conflict-b02-s0000000001-g000001",
                          "mine"));
  EXPECT_TRUE(RemoveAllCheckpoints(run.path()).ok());
  EXPECT_THAT(*ListDir(run / "checkpoints"), ElementsAre("mine"));  // nobody's we know
}

}  // namespace
}  // namespace lockstep::storage
