// SPDX-License-Identifier: Apache-2.0
// The whole measurement with ranks as threads, and what can go wrong before it. No time is looked
// at.
#include "cluster/scaling/scaling_bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "cluster/scaling/child_process.h"

namespace lockstep::cluster {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ScalingOptions Small() {
  ScalingOptions options;
  options.lanes = 4;
  options.lane_batch = 4;
  options.ranks = "1,2";
  options.steps = 3;
  options.warmup = 1;
  options.launch = kThreads;
  options.work = ::testing::TempDir();
  return options;
}

struct Outcome {
  Status status;
  std::string out, err;
};

Outcome RunWith(const ScalingOptions& options) {
  std::ostringstream out, err;
  Console console{out, err};
  const Status status = RunBenchScaling(options, &console);
  return {status, out.str(), err.str()};
}

TEST(ScalingBenchTest, EveryNumberOfRanksHasTheSameDigestsAndAModelIsFitted) {
  ScalingOptions options = Small();
  options.json = ::testing::TempDir() + "/scaling_bench.json";
  options.network = "latency=2us,bandwidth=25GB/s,ranks-per-node=2";
  const Outcome outcome = RunWith(options);
  ASSERT_TRUE(outcome.status.ok()) << outcome.status << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("strong  1"), HasSubstr("strong  2"), HasSubstr("weak"),
                                 HasSubstr("the same V has the same digests"),
                                 HasSubstr("PyTorch DDP was not measured: --python names no")));
  const auto text = ReadFile(options.json);
  ASSERT_TRUE(text.ok()) << text.status();
  const auto json = nlohmann::json::parse(*text);
  // Warm-up, steps, and one before each of the three checkpoints.
  EXPECT_EQ(json["points"][0]["digests"].size(), 7u);
  EXPECT_EQ(json["points"][0]["digests"], json["points"][1]["digests"]);
  for (const auto& check : json["checks"]) EXPECT_GE(check["ways"].size(), 2u) << check;
  EXPECT_GT(json["fitted"]["lane_ms"], 0.0);
  EXPECT_GT(json["points"][0]["checkpoint_whole_ms"]["median"], 0.0);
  EXPECT_EQ(json["points"][1]["messages"].size(), 3u);
  EXPECT_FALSE(json["predicted_elsewhere"].empty());
}

TEST(ScalingBenchTest, WhatCannotBeMeasuredIsRefusedBeforeAnythingRuns) {
  const auto refused = [](const ScalingOptions& options, const std::string& says) {
    const Outcome outcome = RunWith(options);
    EXPECT_FALSE(outcome.status.ok());
    EXPECT_THAT(outcome.status.message(), HasSubstr(says));
    EXPECT_EQ(outcome.err, "") << "nothing was begun";
  };
  ScalingOptions options = Small();
  options.ranks = "1,8";
  refused(options, "8 ranks cannot share 4 lanes");
  options = Small();
  options.weak = true;
  options.ranks = "1,40000";
  options.weak_lanes = 60000;
  refused(options,
          "40000 ranks with 60000 lanes each, that is 2400000000 lanes, a batch has at most "
          "65536");
  options = Small();
  options.lanes = 65537;
  refused(options, "--lanes 65537");
  options = Small();
  options.ranks = "";
  options.max_ranks = 2147483647;
  refused(options, "--max-ranks 2147483647");
  options = Small();
  options.network = "fast";
  refused(options, "--network: 'fast' is no name=value");
  options = Small();
  options.model = "lenet6";
  refused(options, "lenet6");
  options = Small();
  options.image = "28x28";
  refused(options, "--image is '28x28'");
  options = Small();
  options.plots = "/nonexistent/plots";
  refused(options, "choose another place with --plots");
  options = Small();
  options.json = "/nonexistent/scaling.json";
  refused(options, "nothing was measured yet");
  options = Small();
  options.work = "/proc";
  refused(options, "choose another place with --work");
}

TEST(ScalingBenchTest, ALauncherThatIsMissingOrFailsIsNamed) {
  ScalingOptions options = Small();
  options.launch = "no-such-launcher -np {ranks}";
  Outcome outcome = RunWith(options);
  EXPECT_EQ(outcome.status.code(), StatusCode::kNotFound);
  EXPECT_THAT(outcome.status.message(),
              AllOf(HasSubstr("'no-such-launcher'"), HasSubstr("--launch threads")));
  options.launch = "false {ranks}";
  outcome = RunWith(options);
  EXPECT_THAT(outcome.status.message(),
              AllOf(HasSubstr("a group of 1 rank:"), HasSubstr("ended with code 1")));
}

TEST(ScalingBenchTest, AWishToStopEndsIt) {
  std::atomic<bool> stop = true;
  std::ostringstream out, err;
  Console console{out, err};
  console.stop = &stop;
  ScalingOptions options = Small();
  // It ignores the words that follow: a rank that does not end by itself.
  const std::string launcher = ::testing::TempDir() + "/waits.sh";
  ASSERT_TRUE(WriteFileAtomic(launcher, "sleep 600\n").ok());
  options.launch = "sh " + launcher + " {ranks}";
  EXPECT_EQ(RunBenchScaling(options, &console).code(), StatusCode::kCancelled);
}

TEST(ChildProcessTest, WhatItPrintsIsPartOfTheFailure) {
  const std::string log = ::testing::TempDir() + "/child.log";
  EXPECT_TRUE(RunToEnd({.words = {"true"}, .log = log}).ok());
  const Status failed = RunToEnd({.words = {"sh", "-c", "echo oh dear >&2; exit 3"}, .log = log});
  EXPECT_THAT(failed.message(), AllOf(HasSubstr("code 3"), HasSubstr("oh dear")));
  const Status slow =
      RunToEnd({.words = {"sleep", "600"}, .log = log, .limit = std::chrono::milliseconds(50)});
  EXPECT_EQ(slow.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(LaunchWords("mpirun  -np {ranks} -x A={ranks}", 4),
              ElementsAre("mpirun", "-np", "4", "-x", "A=4"));
}

}  // namespace
}  // namespace lockstep::cluster
