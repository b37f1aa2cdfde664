// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/progress_line.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep::cluster {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ProgressLine Training() {
  return {"train", 3376, 7504,
          "steps", 68,   {{"epoch 3/5", true}, {"lr 0.01", true}, {"loss 0.412"}, {"8,120 img/s"}}};
}

TEST(ProgressLine, HasEverythingWhereThereIsSpace) {
  EXPECT_EQ(ProgressLineText(Training(), 119),
            "train  [==========>             ]  44%  3,376/7,504 steps  1:08 left  epoch 3/5  "
            "lr 0.01  loss 0.412  8,120 img/s");
}

TEST(ProgressLine, OfALogHasNoBarAndNoLimit) {
  EXPECT_EQ(ProgressLineText(Training(), 0),
            "train  44%  3,376/7,504 steps  1:08 left  epoch 3/5  lr 0.01  loss 0.412  "
            "8,120 img/s");
  EXPECT_EQ(ProgressLineText({"verify", 5, 0, "bytes", -1, {}}, 0), "verify  5 bytes");
}

TEST(ProgressLine, LosesWholePartsTheLeastImportantFirst) {
  EXPECT_EQ(ProgressLineText(Training(), 79),
            "train  44%  3,376/7,504 steps  1:08 left  epoch 3/5  lr 0.01  loss 0.412");
  EXPECT_EQ(ProgressLineText(Training(), 39), "train 44% 1:08 left epoch 3/5 lr 0.01");
  EXPECT_EQ(ProgressLineText(Training(), 30), "44% epoch 3/5 lr 0.01");
}

TEST(ProgressLine, OfAnEvaluationFitsFortyColumns) {
  EXPECT_EQ(ProgressLineText({"evaluation", 12, 40, "batches", 8, {{"epoch 12/90", true}}}, 39),
            "evaluation 30% 8s left epoch 12/90");
}

TEST(ProgressLine, IsNeverWiderThanItMayBe) {
  for (int columns = 1; columns < 140; ++columns) {
    const std::string text = ProgressLineText(Training(), columns);
    EXPECT_LE(text.size(), static_cast<size_t>(columns));
    if (columns > 4) {
      EXPECT_THAT(text, HasSubstr("44%"));
    }
  }
}

}  // namespace
}  // namespace lockstep::cluster
