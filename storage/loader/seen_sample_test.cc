// SPDX-License-Identifier: Apache-2.0
// What a person is shown of a sample is what training gets of it.
#include "storage/loader/seen_sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/philox.h"
#include "storage/loader/testing/photo_dataset.h"
#include "storage/loader/train_loader.h"
#include "storage/order/dataset_order.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kSeed = 11;

AugmentStream StreamOf(Epoch epoch, SampleId id) {
  return {StreamKey(kSeed, "augment"), epoch, id};
}

Result<SeenSample> See(const Dataset& dataset, SampleId id, const std::vector<std::string>& list,
                       Epoch epoch) {
  const auto record = dataset.Read(id);
  CHECK(record.ok()) << record.status();
  const auto augmentation =
      Augmentation::Parse(list, {dataset.info().channel_mean, dataset.info().channel_std});
  CHECK(augmentation.ok()) << augmentation.status();
  ImageDecoder decoder;
  return SeeSample(dataset.info().schema, *record, *augmentation, StreamOf(epoch, id), &decoder);
}

// The number of the sample in the listing of its split.
size_t IndexOf(const Dataset& dataset, SampleId id) {
  const std::string path(dataset.Read(id)->source_path());
  return std::stoul(path.substr(path.find('/') + 1));
}

TEST(SeeSample, WithoutOperationsIsWhatTheDatasetHas) {
  const PhotoDataset photos("seen-stored");
  const auto dataset = photos.Open();
  for (uint64_t id = 0; id < PhotoDataset::kTest + PhotoDataset::kTrain; ++id) {
    const size_t index = IndexOf(*dataset, SampleId(id));
    const auto seen = See(*dataset, SampleId(id), {}, Epoch(0));
    ASSERT_TRUE(seen.ok()) << seen.status();
    EXPECT_EQ(seen->size, PhotoDataset::SizeOf(index));
    EXPECT_EQ(seen->pixels, PhotoDataset::PixelsOf(id < PhotoDataset::kTest ? 0 : 1, index));
    ASSERT_EQ(seen->masks.size(), 1u);
    EXPECT_EQ(seen->masks[0].field, "mask");
    EXPECT_EQ(seen->masks[0].ignore, 255);
    EXPECT_EQ(seen->masks[0].values[0], 255);
    EXPECT_EQ(seen->masks[0].values.back(), 2);
    ASSERT_EQ(seen->boxes.size(), 1u);
    EXPECT_EQ(seen->boxes[0].boxes.count(), static_cast<int64_t>(PhotoDataset::BoxesAt(index)));
    EXPECT_EQ(seen->boxes[0].boxes.labels.size(), PhotoDataset::BoxesAt(index));
  }
}

TEST(SeeSample, AfterAListIsWhatTheLoaderGivesToTraining) {
  const PhotoDataset photos("seen-trained");
  const auto dataset = photos.Open();
  TrainLoaderOptions options;
  options.order = *OrderSpecFor(dataset->info(), "train", 2, 3, 2, kSeed);
  options.augment = {"random-resized-crop:8", "hflip", "color-jitter:brightness=0.4", "normalise"};
  options.inputs = {{.tensor = "image", .field = "image"}, {.tensor = "mask", .field = "mask"}};
  options.lanes = {0, 2};
  options.epochs = 2;
  auto loader = TrainLoader::Make(dataset.get(), options);
  ASSERT_TRUE(loader.ok()) << loader.status();
  const auto augmentation = Augmentation::Parse(
      options.augment, {dataset->info().channel_mean, dataset->info().channel_std});
  int64_t compared = 0, changed = 0;
  std::map<SampleId, std::vector<uint8_t>> before;
  while (!(*loader)->Done()) {
    const auto step = (*loader)->Next(Deadline::In(std::chrono::seconds(60)));
    ASSERT_TRUE(step.ok()) << step.status();
    for (const LaneBatch& lane : step->lanes) {
      for (int64_t row = 0; row < lane.rows; ++row, ++compared) {
        const SampleId id = lane.ids[static_cast<size_t>(row)];
        const auto seen = See(*dataset, id, options.augment, step->epoch);
        ASSERT_TRUE(seen.ok()) << seen.status();
        ASSERT_EQ(seen->size, (ImageSize{8, 8, 3}));
        std::vector<float> numbers(8 * 8 * 3);
        augmentation->Write(WholeOf(seen->pixels.data(), seen->size), numbers.data());
        const float* const x = lane.Tensor("image").as<float>() + row * 8 * 8 * 3;
        EXPECT_EQ(numbers, std::vector<float>(x, x + 8 * 8 * 3)) << id;
        const int32_t* const mask = lane.Tensor("mask").as<int32_t>() + row * 8 * 8;
        EXPECT_EQ(seen->masks[0].values, std::vector<int32_t>(mask, mask + 8 * 8)) << id;
        changed += before.contains(id) && before[id] != seen->pixels ? 1 : 0;
        before[id] = seen->pixels;
      }
    }
  }
  EXPECT_EQ(compared, 2 * PhotoDataset::kTrain);
  EXPECT_GT(changed, PhotoDataset::kTrain / 2) << "an epoch is like the one before";
}

TEST(SeeSample, SaysWhatCannotBeSeen) {
  const PhotoDataset photos("seen-nothing",
                            {.image = false, .label = true, .mask = false, .boxes = false});
  const auto dataset = photos.Open();
  const auto seen = See(*dataset, SampleId(0), {}, Epoch(0));
  EXPECT_EQ(seen.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(seen.status().message(), HasSubstr("no image; they have label label (4 classes)"));
}

}  // namespace
}  // namespace lockstep::storage
