// SPDX-License-Identifier: Apache-2.0
// What a person is shown of a sample is what training gets of it.
#include "storage/loader/seen_sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "base/philox.h"
#include "storage/dataset/run_lengths.h"
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

// No importer makes these kinds of fields yet: the record is made by hand.
TEST(SeeSample, InstancesKeypointsAndDenseFieldsAreShownAsTheyAreStored) {
  Schema schema;
  schema.fields = {{.name = "image", .kind = FieldKind::kImage},
                   {.name = "instances", .kind = FieldKind::kInstances},
                   {.name = "joints", .kind = FieldKind::kKeypoints},
                   {.name = "depth", .kind = FieldKind::kDense}};
  const std::vector<std::vector<uint8_t>> masks = {{1, 1, 0, 0}, {0, 1, 0, 0}};
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<FieldValue> values = {ImageValue(2, 2, 1, "abcd"), RunLengthsValue(2, 2, masks),
                                    FloatValue({1, 2, 3}, std::vector<float>{0, 1, 2, 1, 1, 0}),
                                    FloatValue({1, 3, 2}, std::vector<float>{-1, 9, nan, 9, 1, 9})};
  const auto see = [&](const std::vector<std::string>& list) {
    const auto record = Record::Decode(SampleId(3), EncodeRecord(SampleId(3), "a", values), schema);
    CHECK(record.ok()) << record.status();
    const auto augmentation = Augmentation::Parse(list, {{0.5}, {0.25}});
    CHECK(augmentation.ok()) << augmentation.status();
    ImageDecoder decoder;
    return SeeSample(schema, *record, *augmentation, StreamOf(Epoch(0), SampleId(3)), &decoder);
  };
  const auto seen = see({});
  ASSERT_TRUE(seen.ok()) << seen.status();
  ASSERT_EQ(seen->instances.size(), 1u);
  EXPECT_EQ(seen->instances[0].mask_of, (std::vector<int32_t>{0, 1, -1, -1}));
  ASSERT_EQ(seen->keypoints.size(), 1u);
  EXPECT_EQ(seen->keypoints[0].points_each, 2);
  EXPECT_EQ(seen->keypoints[0].points, (std::vector<float>{0, 1, 2, 1, 1, 0}));
  ASSERT_EQ(seen->dense.size(), 1u);
  EXPECT_EQ(seen->dense[0].size, (ImageSize{1, 3, 1}));
  EXPECT_EQ(seen->dense[0].grey, (std::vector<uint8_t>{0, 0, 255}));
  // What an operation would do to them is not known.
  const auto flipped = see({"vflip"});
  ASSERT_TRUE(flipped.ok()) << flipped.status();
  EXPECT_TRUE(flipped->instances.empty() && flipped->keypoints.empty() && flipped->dense.empty());
  values[1] = RunLengthsValue(4, 1, masks);
  EXPECT_THAT(see({}).status().message(), HasSubstr("field 'instances' are 4x1 and the image 2x2"));
  values[1] = RunLengthsValue(2, 2, masks);
  values[3] = FloatValue({1, 1, 1}, std::vector<float>{7});
  EXPECT_EQ(see({})->dense[0].grey, (std::vector<uint8_t>{0})) << "a field of one value";
}

}  // namespace
}  // namespace lockstep::storage
