// SPDX-License-Identifier: Apache-2.0
// What a loader counts for whoever measures it. Nothing is asserted of how long anything takes,
// only of which parts take time at all.
#include "storage/loader/loader_timing.h"

#include <gtest/gtest.h>

#include <cstring>

#include "storage/loader/testing/fake_source.h"
#include "storage/loader/testing/photo_dataset.h"
#include "storage/loader/train_loader.h"
#include "storage/order/dataset_order.h"

namespace lockstep::storage {
namespace {

Deadline Soon() { return Deadline::In(std::chrono::seconds(60)); }

// All images of a run, one behind the other.
std::vector<float> ReadAll(TrainLoader* loader) {
  std::vector<float> all;
  while (!loader->Done()) {
    const auto step = loader->Next(Soon());
    CHECK(step.ok()) << step.status();
    for (const LaneBatch& lane : step->lanes) {
      const NamedTensor& image = lane.Tensor(kImageTensor);
      const float* const x = image.as<float>();
      all.insert(all.end(), x, x + image.type.shape.elements());
    }
  }
  return all;
}

TrainLoaderOptions OptionsFor(const DatasetInfo& info, std::vector<std::string> augment) {
  TrainLoaderOptions options;
  options.order = *OrderSpecFor(info, "train", 2, 4, 2, 7);
  options.augment = std::move(augment);
  options.lanes = {0, 2};
  options.epochs = 2;
  options.threads = 2;
  return options;
}

TEST(LoaderTiming, CountsEveryRowAndTimesEveryPart) {
  const PhotoDataset photos("timing");
  const auto dataset = photos.Open();
  TrainLoaderOptions options =
      OptionsFor(dataset->info(), {"random-resized-crop:8", "hflip", "normalise"});
  auto plain = TrainLoader::Make(dataset.get(), options);
  ASSERT_TRUE(plain.ok()) << plain.status();
  const std::vector<float> untimed = ReadAll(plain->get());
  const auto timing = options.timing = std::make_shared<LoaderTiming>();
  auto timed = TrainLoader::Make(dataset.get(), options);
  ASSERT_TRUE(timed.ok()) << timed.status();
  EXPECT_EQ(ReadAll(timed->get()), untimed) << "timing shows in the bits";
  timed->reset();
  EXPECT_EQ(timing->rows, 2 * PhotoDataset::kTrain);
  EXPECT_EQ(timing->records, 2 * PhotoDataset::kTrain);
  EXPECT_GT(timing->record_bytes, 2 * PhotoDataset::kTrain * 100);
  EXPECT_GT(timing->read_ns, 0);
  EXPECT_GT(timing->decode_ns, 0);
  EXPECT_GT(timing->augment_ns(), 0);
  EXPECT_GT(timing->write_ns, 0);
}

TEST(LoaderTiming, RawImagesAreNotDecoded) {
  const auto source = std::make_shared<FakeSource>(10, 60, 16);
  TrainLoaderOptions options = OptionsFor(source->info(), {"hflip", "normalise"});
  const auto timing = options.timing = std::make_shared<LoaderTiming>();
  auto loader = TrainLoader::Make(source, options);
  ASSERT_TRUE(loader.ok()) << loader.status();
  ReadAll(loader->get());
  loader->reset();
  EXPECT_EQ(timing->rows, 120);
  EXPECT_EQ(timing->decode_ns, 0);
  EXPECT_GT(timing->augment_ns(), 0);
}

TEST(TrainLoaderWaiting, IsCountedWhileABatchIsMissing) {
  const auto source = std::make_shared<FakeSource>(10, 60, 16);
  source->Hold();
  auto loader = TrainLoader::Make(source, OptionsFor(source->info(), {"normalise"}));
  ASSERT_TRUE(loader.ok()) << loader.status();
  EXPECT_EQ((*loader)->waited_seconds(), 0.0);
  // Nothing comes, so each call waits until its deadline, unless that has passed before it looks.
  while ((*loader)->waited_seconds() == 0.0) {
    ASSERT_EQ((*loader)->Next(Deadline::In(std::chrono::milliseconds(20))).status().code(),
              StatusCode::kDeadlineExceeded);
  }
  source->Release();
  const double waited = (*loader)->waited_seconds();
  ASSERT_TRUE((*loader)->Next(Soon()).ok());
  EXPECT_GE((*loader)->waited_seconds(), waited);
}

}  // namespace
}  // namespace lockstep::storage
