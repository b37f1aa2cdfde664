// SPDX-License-Identifier: Apache-2.0
#include "cluster/launch/speaker.h"

#include <gtest/gtest.h>

#include <map>

namespace lockstep::cluster {
namespace {

comm::Environment RankOf2(int rank) {
  const std::map<std::string, std::string> variables = {
      {"OMPI_COMM_WORLD_SIZE", "2"}, {"OMPI_COMM_WORLD_RANK", std::to_string(rank)}};
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

const Status kWrong = InvalidArgument("unknown option '--lans'");

TEST(SaidByOneRankTest, ALoneProcessAndRankZeroSayItAtOnce) {
  std::atomic<bool> stop{true};
  const comm::Environment alone = [](const std::string&) { return std::nullopt; };
  for (const comm::Environment& environment : {alone, RankOf2(0)}) {
    const Status said = SaidByOneRank(kWrong, environment, &stop);
    EXPECT_EQ(said.message(), kWrong.message());
  }
}

TEST(SaidByOneRankTest, AnotherRankIsSilentWhereItIsEndedMeanwhile) {
  std::atomic<bool> stop{true};
  const Status said = SaidByOneRank(kWrong, RankOf2(1), &stop);
  EXPECT_EQ(said.message(), "");
  EXPECT_EQ(said.code(), StatusCode::kInvalidArgument);
}

TEST(SaidByOneRankTest, AnotherRankSaysItWithItsRankWhereNobodyEndsIt) {
  std::atomic<bool> stop{false};
  for (const std::atomic<bool>* flag : {&stop, static_cast<std::atomic<bool>*>(nullptr)}) {
    const Status said = SaidByOneRank(kWrong, RankOf2(1), flag, std::chrono::milliseconds(1));
    EXPECT_EQ(said.message(), "rank 1: unknown option '--lans'");
    EXPECT_EQ(said.code(), StatusCode::kInvalidArgument);
  }
}

comm::Environment TaskOfSrun(int rank, bool speaks_pmix) {
  std::map<std::string, std::string> variables = {{"SLURM_STEP_NUM_TASKS", "2"},
                                                  {"SLURM_PROCID", std::to_string(rank)}};
  if (speaks_pmix) variables["PMIX_RANK"] = std::to_string(rank);
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(SaidByOneRankTest, WhatEveryTaskOfSrunHasIsLeftToRankZeroThoughNobodyEndsTheOthers) {
  std::atomic<bool> stop{false};
  const Status single = FailedPrecondition("srun started 2 tasks");
  EXPECT_EQ(SaidByOneRank(kWrong, TaskOfSrun(0, true), &stop).message(), kWrong.message());
  EXPECT_EQ(SaidByOneRank(kWrong, TaskOfSrun(1, true), &stop).message(), "");
  EXPECT_EQ(SaidByOneRank(single, TaskOfSrun(1, false), &stop).message(), "");
  // A machine's own failure.
  const Status own = NotFound("no plugin");
  EXPECT_EQ(SaidByOneRank(own, TaskOfSrun(1, true), nullptr).message(), "rank 1: no plugin");
}

TEST(SaidByOneRankTest, WhatTheRanksHaveAgreedOnStaysAsItIs) {
  std::atomic<bool> stop{true};
  const Status agreed = NotFound("rank 1: 'a.ldb' is not there");
  EXPECT_EQ(SaidByOneRank(agreed, RankOf2(1), &stop).message(), agreed.message());
  EXPECT_EQ(SaidByOneRank(NotFound(""), RankOf2(1), &stop).message(), "");
}

TEST(PrintsForAllTest, ALoneProcessAndRankZeroDo) {
  EXPECT_TRUE(PrintsForAll([](const std::string&) { return std::nullopt; }));
  EXPECT_TRUE(PrintsForAll(RankOf2(0)));
  EXPECT_FALSE(PrintsForAll(RankOf2(1)));
}

}  // namespace
}  // namespace lockstep::cluster
