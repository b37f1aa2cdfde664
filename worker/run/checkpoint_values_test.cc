// SPDX-License-Identifier: Apache-2.0
#include "worker/run/checkpoint_values.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lockstep::worker {
namespace {

TrainSummary Summary() {
  TrainSummary summary;
  summary.seconds = 12.5;
  summary.train_loss = 0.1;
  summary.samples_consumed = 60000;
  summary.metrics = {{.name = "acc1", .value = 1.0 / 3.0, .unit = ""}};
  return summary;
}

storage::CheckpointManifest Manifest() {
  storage::CheckpointManifest manifest;
  manifest.id = {1, 7};
  manifest.values = CheckpointValues(Summary(), {.numerator = 0.3, .denominator = 64.0});
  return manifest;
}

TEST(CheckpointValues, ComeBackBitForBit) {
  TrainSummary summary;
  summary.metrics = {{.name = "acc1", .unit = ""}, {.name = "new", .value = 5.0, .unit = ""}};
  EpochLoss epoch;
  const Status restored = RestoreCheckpointValues(Manifest(), &summary, &epoch);
  ASSERT_TRUE(restored.ok()) << restored;
  EXPECT_EQ(epoch.numerator, 0.3);
  EXPECT_EQ(epoch.denominator, 64.0);
  EXPECT_EQ(summary.seconds, 12.5);
  EXPECT_EQ(summary.train_loss, 0.1);
  EXPECT_TRUE(std::isnan(summary.val_loss)) << "there was no evaluation";
  EXPECT_EQ(summary.samples_consumed, 60000);
  EXPECT_EQ(summary.metrics[0].value, 1.0 / 3.0);
  EXPECT_EQ(summary.metrics[1].value, 5.0) << "a metric that the checkpoint does not have";
}

TEST(CheckpointValues, SumsOfTheEpochComeBackBitForBit) {
  EpochLoss epoch{.numerator = 0.3, .denominator = 64.0};
  epoch.sums.sums = {{.name = "hits", .i64 = {-3}, .samples = 9},
                     {.name = "terms", .shape = {2}, .f64 = {1.0 / 3.0, -0.0}, .samples = 8}};
  storage::CheckpointManifest manifest = Manifest();
  manifest.values = CheckpointValues(Summary(), epoch);
  TrainSummary summary = Summary();
  EpochLoss restored;
  restored.sums.sums = {{.name = "hits", .i64 = {0}},
                        {.name = "terms", .shape = {2}, .f64 = {0, 0}},
                        {.name = "new", .f64 = {0}}};
  ASSERT_TRUE(RestoreCheckpointValues(manifest, &summary, &restored).ok());
  EXPECT_EQ(restored.sums.Find("hits")->i64, std::vector<int64_t>{-3});
  EXPECT_EQ(restored.sums.Find("hits")->samples, 9);
  EXPECT_EQ(restored.sums.Find("terms")->f64[0], 1.0 / 3.0);
  EXPECT_TRUE(std::signbit(restored.sums.Find("terms")->f64[1]));
  EXPECT_EQ(restored.sums.Find("new")->samples, 0) << "a sum that the checkpoint does not have";
  for (const char* broken : {"", "0123", "0123456789abcdeg0123456789abcdef"}) {
    manifest.values["epoch_sum.terms"] = broken;
    EXPECT_EQ(RestoreCheckpointValues(manifest, &summary, &restored).ToString(),
              "data-loss: the value 'epoch_sum.terms' of checkpoint " + manifest.id.Name() +
                  " is not that of a sum of the task");
  }
}

TEST(CheckpointValues, OneThatIsMissingOrIsNoNumberIsNamed) {
  for (const char* broken : {"", "12", "0123456789abcdeg"}) {
    storage::CheckpointManifest manifest = Manifest();
    manifest.values["seconds"] = broken;
    TrainSummary summary = Summary();
    EpochLoss epoch;
    EXPECT_EQ(RestoreCheckpointValues(manifest, &summary, &epoch).ToString(),
              "data-loss: checkpoint " + manifest.id.Name() + " has no value 'seconds'");
  }
}

}  // namespace
}  // namespace lockstep::worker
