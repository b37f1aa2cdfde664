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
