// SPDX-License-Identifier: Apache-2.0
#include "worker/report/named_weights.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/checkpoint/testing/made_checkpoint.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::worker {
namespace {

using storage::MadeCheckpoint;
using ::testing::HasSubstr;
using ::testing::Optional;

// A run of 100 steps per epoch.
class NamedWeightsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(run_);
    std::ofstream(run_ + "/recipe.toml") << "";
  }
  void Write(int32_t branch, int64_t step, const std::string& more_keys = "",
             const std::string& best_by = "") {
    MadeCheckpoint made({branch, step});
    if (!best_by.empty()) made.manifest().values["best_by"] = best_by;
    made.manifest().fixed_keys += more_keys;
    made.manifest().tables.clear();
    const auto written = made.Write(run_);
    ASSERT_TRUE(written.ok()) << written.status();
  }
  void Results(const std::string& rows) {
    std::ofstream(run_ + "/results.csv") << "epoch,step,train_loss,val_loss,acc1,lr,rate,seconds\n"
                                         << rows;
  }
  std::optional<int64_t> Best() {
    const auto best = BestStep(run_);
    EXPECT_TRUE(best.ok()) << best.status();
    return best.ok() ? *best : std::nullopt;
  }
  std::string PathOf(const std::string& name) {
    const auto found = FindWeights(run_ + name);
    return found.ok() ? found->path : found.status().ToString();
  }

  const storage::ScratchDirectory scratch_;
  const std::string run_ = scratch_ / "run";
};

TEST_F(NamedWeightsTest, TheTaskOfTheRunSaysHowItsEvaluationsCompare) {
  Write(1, 400, "task=\"classification\"\n");
  Results("0,100,1,1,0.5,1,1,1\n1,200,1,1,0.75,1,1,1\n");
  EXPECT_THAT(Best(), Optional(200));
  Write(1, 500, "task=\"clasification\"\n");
  EXPECT_THAT(BestStep(run_).status().message(), HasSubstr("there is no task 'clasification'"));
}

TEST_F(NamedWeightsTest, TheHighestAccuracyIsTheBestAndTheEarliestOfEqualOnes) {
  Write(1, 400);
  Results(
      "0,100,1,1,0.5,1,1,1\n"
      "1,200,1,1,0.75,1,1,1\n"
      "2,300,1,1,0.75,1,1,1\n"
      "3,400,1,1,0.625,1,1,1\n");
  EXPECT_THAT(Best(), Optional(200));
  Write(1, 200);
  EXPECT_EQ(PathOf("@best"), run_ + "/checkpoints/b01-s0000000200");
}

TEST_F(NamedWeightsTest, TheBestIsByTheMetricThatTheRunNames) {
  Results(
      "0,100,1,3,0.5,1,1,1\n"
      "1,200,1,1,0.25,1,1,1\n"
      "2,300,1,1,0.75,1,1,1\n"
      "3,400,1,2,0.625,1,1,1\n");
  Write(1, 400, "", "acc1");
  EXPECT_THAT(Best(), Optional(300));
  Write(2, 400, "", "loss");
  EXPECT_THAT(Best(), Optional(200)) << "the smallest loss, the earliest of equal ones";
}

TEST_F(NamedWeightsTest, AMetricThatTheTableDoesNotHaveNamesNoBest) {
  Results("0,100,1,3,0.5,1,1,1\n");
  Write(1, 100, "", "acc5");
  const auto best = BestStep(run_);
  EXPECT_EQ(best.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(best.status().message(), HasSubstr("has no column 'acc5', by which eval.best"));
}

TEST_F(NamedWeightsTest, ATableThatIsNotTheRunsNamesNoBest) {
  Results("0,100,1,1,0.5,1,1,1\n1,200,1,1,0.75,1,1,1\n");
  MadeCheckpoint made({1, 200});
  made.manifest().tables = {{"results.csv", 2, {}}};
  ASSERT_TRUE(made.Write(run_).ok());
  const auto best = BestStep(run_);
  EXPECT_EQ(best.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(best.status().message(), HasSubstr("results.csv"));
}

TEST_F(NamedWeightsTest, AnEvaluationAtTheEndOfACutRunIsNoScheduledOne) {
  Write(1, 250);
  Results("0,100,1,1,0.5,1,1,1\n1,200,1,1,0.25,1,1,1\n2,250,1,1,0.9,1,1,1\n");
  EXPECT_THAT(Best(), Optional(100));
}

TEST_F(NamedWeightsTest, NorIsOneBetweenThoseThatTheRecipeAsksFor) {
  Write(1, 300, "eval.every_epochs=2\n");
  Results("0,100,1,,,1,1,1\n1,200,1,1,0.25,1,1,1\n2,300,1,1,0.9,1,1,1\n");
  EXPECT_THAT(Best(), Optional(200));
}

TEST_F(NamedWeightsTest, BeforeTheFirstEvaluationNoneIsTheBest) {
  EXPECT_EQ(Best(), std::nullopt);
  Write(1, 50);
  Results("0,50,1,1,0.9,1,1,1\n");
  EXPECT_EQ(Best(), std::nullopt);
  EXPECT_THAT(PathOf("@best"), HasSubstr("no scheduled evaluation yet"));
}

TEST_F(NamedWeightsTest, RowsThatAreNoneAreNeverTheBest) {
  Write(1, 400);
  Results("0,100,1,1,0.5,1,1,1\nx,200,1,1,0.9,1,1,1\n2,300,1,1,0.9x,1,1,1\n3,400,1,1,0.99");
  EXPECT_THAT(Best(), Optional(100));  // the last line is torn
}

TEST_F(NamedWeightsTest, AStepIsOfTheHighestBranchThatHasIt) {
  Write(1, 100);
  Write(2, 100);
  Write(1, 200);
  EXPECT_EQ(PathOf("@100"), run_ + "/checkpoints/b02-s0000000100");
  EXPECT_EQ(PathOf("@200"), run_ + "/checkpoints/b01-s0000000200");
  EXPECT_EQ(PathOf("@b01-s0000000100"), run_ + "/checkpoints/b01-s0000000100");
  EXPECT_THAT(PathOf("@300"), HasSubstr("no checkpoint of step 300; it has b01-s0000000100, "));
  EXPECT_THAT(PathOf(""), HasSubstr("has no model.safetensors"));
}

TEST_F(NamedWeightsTest, ACheckpointsTensorsAreThoseOfTheModelAlone) {
  Write(1, 100);
  const auto found = FindWeights(run_ + "@100");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(found->is_checkpoint);
  EXPECT_EQ(found->run_directory, run_);
  const auto read = WeightTensors::Read(*found);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->tensors().size(), 5u);
  EXPECT_TRUE(read->Find("layer0.weight").ok());
  EXPECT_EQ(read->Find("progress").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace lockstep::worker
