// SPDX-License-Identifier: Apache-2.0
#include "storage/order/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/loader/testing/photo_dataset.h"
#include "storage/loader/testing/small_dataset.h"
#include "storage/order/dataset_order.h"

namespace lockstep::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(OrderOfStep, NamesTheSamplesThatTheOrderGivesAStep) {
  const SmallDataset small("inspect", 40, 105, 32);
  const auto dataset = small.Open();
  const OrderSpec spec = *OrderSpecFor(dataset->info(), "train", 8, 4, 64, 5);
  for (const int32_t e : {0, 3}) {
    EpochOrder order(spec, Epoch(e));
    for (int64_t t = 0; t < StepsPerEpoch(spec); ++t) {
      const auto lanes = OrderOfStep(*dataset, "train", spec, Epoch(e), t);
      ASSERT_TRUE(lanes.ok()) << lanes.status();
      ASSERT_EQ(lanes->size(), 8u);
      for (int32_t l = 0; l < 8; ++l) {
        const LaneSamples& lane = (*lanes)[static_cast<size_t>(l)];
        const auto ids = order.LaneBatch(Lane(l), t);
        EXPECT_EQ(lane.lane, Lane(l));
        ASSERT_EQ(lane.samples.size(), ids.size());
        for (size_t i = 0; i < ids.size(); ++i) {
          const OrderedSample& sample = lane.samples[i];
          EXPECT_EQ(sample.id, SampleId(40 + ids[i]));
          ASSERT_EQ(sample.source_path.substr(0, 6), "train/");
          const int64_t index = std::stoll(sample.source_path.substr(6));
          EXPECT_EQ(sample.label, SmallDataset::LabelOf(index, 105));
          EXPECT_EQ(sample.label_name, "class-" + std::to_string(sample.label));
        }
      }
    }
  }
}

TEST(OrderOfStep, NamesClassesByTheLabelsFieldWhateverElseHasNames) {
  const PhotoDataset photos("inspect-photos");  // the mask, which has names too, comes first
  const auto dataset = photos.Open();
  const OrderSpec spec = *OrderSpecFor(dataset->info(), "train", 1, 20, 64, 5);
  const auto lanes = OrderOfStep(*dataset, "train", spec, Epoch(0), 0);
  ASSERT_TRUE(lanes.ok()) << lanes.status();
  const char* const names[] = {"cat", "dog", "bird"};
  ASSERT_EQ((*lanes)[0].samples.size(), 20u);
  for (const OrderedSample& sample : (*lanes)[0].samples) {
    const int32_t label = PhotoDataset::LabelAt(std::stoul(sample.source_path.substr(6)));
    EXPECT_EQ(sample.label, label);
    EXPECT_EQ(sample.label_name, names[label]);
  }
}

TEST(OrderOfStep, WithoutLabelsNamesTheSamples) {
  const PhotoDataset photos("inspect-unlabelled", {.label = false});
  const auto dataset = photos.Open();
  const OrderSpec spec = *OrderSpecFor(dataset->info(), "train", 1, 20, 64, 5);
  const auto lanes = OrderOfStep(*dataset, "train", spec, Epoch(0), 0);
  ASSERT_TRUE(lanes.ok()) << lanes.status();
  for (const OrderedSample& sample : (*lanes)[0].samples) {
    EXPECT_EQ(sample.source_path.substr(0, 6), "train/");
    EXPECT_EQ(sample.label, -1);
    EXPECT_EQ(sample.label_name, "");
  }
}

TEST(OrderOfStep, SaysWhichStepsThereAre) {
  const SmallDataset small("inspect-errors", 40, 105, 32);
  const auto dataset = small.Open();
  const OrderSpec spec = *OrderSpecFor(dataset->info(), "train", 8, 4, 64, 5);
  const auto message = [&](const char* split, const OrderSpec& order, int32_t epoch, int64_t step) {
    const auto lanes = OrderOfStep(*dataset, split, order, Epoch(epoch), step);
    CHECK(!lanes.ok());
    EXPECT_EQ(lanes.status().code(), StatusCode::kInvalidArgument);
    return lanes.status().message();
  };
  EXPECT_THAT(message("train", spec, 0, 4),
              HasSubstr("step 4 does not exist; an epoch has steps 0 to 3"));
  EXPECT_THAT(message("train", spec, 0, -1), HasSubstr("step -1 does not exist"));
  EXPECT_THAT(message("train", spec, -1, 0), HasSubstr("epoch -1 does not exist"));
  EXPECT_THAT(message("tarin", spec, 0, 0), HasSubstr("tarin"));
  EXPECT_THAT(message("test", spec, 0, 0), AllOf(HasSubstr("105"), HasSubstr("40")));
}

}  // namespace
}  // namespace lockstep::storage
