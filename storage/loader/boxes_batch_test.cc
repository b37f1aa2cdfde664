// SPDX-License-Identifier: Apache-2.0
// Boxes in batches are those of the augmented samples, as many as have room.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/philox.h"
#include "storage/loader/batch_builder.h"
#include "storage/loader/seen_sample.h"
#include "storage/loader/testing/photo_dataset.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kSeed = 5;

class BoxesBatch : public testing::Test {
 protected:
  Result<LaneBatch> Make(const std::vector<InputSpec>& inputs, DType dtype = DType::kFloat32) {
    const SplitInfo split = *dataset_->info().Split("train");
    ASSIGN_OR_RETURN(const BatchBuilder builder,
                     BatchBuilder::Make(dataset_->info(), split, list_, inputs, dtype, kSeed));
    std::vector<Record> records;
    for (uint64_t id = split.first_id; id < split.first_id + 12; ++id) {
      ASSIGN_OR_RETURN(Record record, dataset_->Read(SampleId(id)));
      records.push_back(std::move(record));
    }
    ASSIGN_OR_RETURN(LaneBatch batch, builder.Allocate(Lane(1), records));
    SampleScratch scratch;
    for (size_t row = records.size(); row-- > 0;) {
      RETURN_IF_ERROR(
          builder.Fill(records[row], Epoch(2), static_cast<int64_t>(row), &scratch, &batch));
    }
    return batch;
  }

  BoxesField BoxesOf(SampleId id) {
    const DatasetInfo& info = dataset_->info();
    const auto augmentation = Augmentation::Parse(list_, {info.channel_mean, info.channel_std});
    CHECK(augmentation.ok()) << augmentation.status();
    ImageDecoder decoder;
    const auto seen = SeeSample(info.schema, *dataset_->Read(id), *augmentation,
                                {StreamKey(kSeed, "augment"), Epoch(2), id}, &decoder);
    CHECK(seen.ok()) << seen.status();
    return seen->boxes[0].boxes;
  }

  const PhotoDataset photos_{"boxes-batch"};
  const std::unique_ptr<Dataset> dataset_ = photos_.Open();
  const std::vector<std::string> list_ = {"random-resized-crop:9:scale=0.5,1", "hflip",
                                          "normalise"};
};

TEST_F(BoxesBatch, HoldsTheBoxesOfEachSampleAndHowManyThereAre) {
  const auto batch = Make({{.tensor = "boxes", .field = "boxes"},
                           {.tensor = "classes", .field = "box_labels"},
                           {.tensor = "image", .field = "image"}});
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(batch->ToString(),
            "boxes f32[12,8,4], classes i32[12,8], image f32[12,9,9,3], boxes.count i32[12]");
  int64_t all = 0;
  for (size_t row = 0; row < 12; ++row) {
    const BoxesField expected = BoxesOf(batch->ids[row]);
    const auto count = static_cast<size_t>(expected.count());
    all += expected.count();
    EXPECT_EQ(batch->Tensor("boxes.count").as<int32_t>()[row], expected.count());
    std::vector<float> corners = expected.xyxy;
    corners.resize(8 * 4);
    const float* found = batch->Tensor("boxes").as<float>() + row * 8 * 4;
    EXPECT_EQ(std::vector<float>(found, found + 8 * 4), corners);
    std::vector<int32_t> labels = expected.labels;
    labels.resize(8, -1);
    const int32_t* classes = batch->Tensor("classes").as<int32_t>() + row * 8;
    EXPECT_EQ(std::vector<int32_t>(classes, classes + 8), labels) << count;
    EXPECT_EQ(batch->boxes_left_out[row], 0);
  }
  EXPECT_GT(all, 5);
}

TEST_F(BoxesBatch, WhatHasNoRoomIsLeftOutFromTheHighestIndexOnAndCounted) {
  const auto batch = Make({{.tensor = "boxes", .field = "boxes", .most = 1}}, DType::kFloat64);
  ASSERT_TRUE(batch.ok()) << batch.status();
  int64_t left_out = 0;
  for (size_t row = 0; row < 12; ++row) {
    const BoxesField expected = BoxesOf(batch->ids[row]);
    EXPECT_EQ(batch->Tensor("boxes.count").as<int32_t>()[row],
              std::min<int64_t>(1, expected.count()));
    const double* found = batch->Tensor("boxes").as<double>() + row * 4;
    for (size_t k = 0; k < 4; ++k) {
      EXPECT_EQ(found[k], expected.count() > 0 ? static_cast<double>(expected.xyxy[k]) : 0.0);
    }
    EXPECT_EQ(batch->boxes_left_out[row], std::max<int64_t>(0, expected.count() - 1));
    left_out += batch->boxes_left_out[row];
  }
  EXPECT_GT(left_out, 0);
}

TEST_F(BoxesBatch, WhatCannotBeIsRefused) {
  EXPECT_THAT(Make({{.tensor = "boxes", .field = "boxes", .most = -1}}).status().message(),
              HasSubstr("is to hold -1 boxes"));
  const PhotoDataset blind("boxes-blind", {.image = false, .mask = false});
  const auto dataset = blind.Open();
  const auto reader = FieldReader::Make(dataset->info(), {{.tensor = "boxes", .field = "boxes"}},
                                        {}, DType::kFloat32);
  EXPECT_THAT(reader.status().message(), HasSubstr("has boxes, and the dataset has no image"));
}

}  // namespace
}  // namespace lockstep::storage
