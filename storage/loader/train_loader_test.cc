// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/train_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <future>
#include <map>
#include <set>
#include <utility>

#include "storage/augment/augment.h"
#include "storage/image/encoded_image.h"
#include "storage/loader/testing/fake_source.h"
#include "storage/order/dataset_order.h"

namespace lockstep::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int32_t kLanes = 8;

// A minute is forever for a test: a hang fails, nothing is timed.
Deadline Soon() { return Deadline::In(std::chrono::seconds(60)); }

TrainLoaderOptions OptionsFor(const FakeSource& source, int32_t epochs = 2) {
  TrainLoaderOptions options;
  options.order = *OrderSpecFor(source.info(), "train", kLanes, 13, /*window_shards=*/2, 7);
  options.augment = {"random-crop:3:pad=1", "hflip", "normalise"};
  options.lanes = {0, kLanes};
  options.epochs = epochs;
  return options;
}

// Everything a lane batch says, comparable.
struct Seen {
  int64_t rows;
  std::vector<float> x;
  std::vector<int32_t> labels;
  std::vector<SampleId> ids;
  bool operator==(const Seen&) const = default;
};

// By (epoch, step, lane).
using Story = std::map<std::tuple<Epoch, int64_t, Lane>, Seen>;

Seen See(const LaneBatch& batch) {
  EXPECT_EQ(batch.tensors.size(), 2u);
  const NamedTensor& image = batch.Tensor(kImageTensor);
  EXPECT_EQ(image.type, (TensorType{DType::kFloat32, {batch.rows, 3, 3, 1}}));
  EXPECT_EQ(batch.Tensor(kLabelTensor).type, (TensorType{DType::kInt32, {batch.rows}}));
  for (const NamedTensor& tensor : batch.tensors) {
    EXPECT_EQ(tensor.data.size(), static_cast<size_t>(tensor.type.bytes()));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data.data()) % 64, 0u) << tensor.name;
  }
  const float* x = image.as<float>();
  const int32_t* labels = batch.Tensor(kLabelTensor).as<int32_t>();
  return {
      batch.rows, {x, x + image.type.shape.elements()}, {labels, labels + batch.rows}, batch.ids};
}

// Reads to the end; at most `most` steps.
Story ReadAll(const std::shared_ptr<FakeSource>& source, const TrainLoaderOptions& options,
              int64_t most = 1 << 30) {
  Story story;
  auto loader = TrainLoader::Make(source, options);
  CHECK(loader.ok()) << loader.status();
  for (int64_t n = 0; n < most && !(*loader)->Done(); ++n) {
    auto step = (*loader)->Next(Soon());
    CHECK(step.ok()) << step.status();
    EXPECT_EQ(step->step.value,
              step->epoch.value * (*loader)->steps_per_epoch() + step->step_in_epoch);
    for (const LaneBatch& lane : step->lanes) {
      EXPECT_TRUE(story.insert({{step->epoch, step->step_in_epoch, lane.lane}, See(lane)}).second);
    }
  }
  return story;
}

TEST(TrainLoader, GivesEverySampleOnceAnEpochInTheOrderOfTheEpoch) {
  const auto source = std::make_shared<FakeSource>(10, 997, 32);
  const TrainLoaderOptions options = OptionsFor(*source);
  const Story story = ReadAll(source, options);
  for (int32_t e = 0; e < 2; ++e) {
    EpochOrder order(options.order, Epoch(e));
    std::vector<SampleId> all;
    for (int64_t t = 0; t < StepsPerEpoch(options.order); ++t) {
      for (int32_t l = 0; l < kLanes; ++l) {
        const Seen& seen = story.at({Epoch(e), t, Lane(l)});
        std::vector<SampleId> expected;
        for (const uint64_t id : order.LaneBatch(Lane(l), t)) expected.emplace_back(10 + id);
        EXPECT_EQ(seen.ids, expected);
        EXPECT_EQ(seen.rows, static_cast<int64_t>(expected.size()));
        for (size_t i = 0; i < expected.size(); ++i) {
          EXPECT_EQ(seen.labels[i], FakeSource::SampleOf(expected[i]).label);
        }
        all.insert(all.end(), seen.ids.begin(), seen.ids.end());
      }
    }
    std::sort(all.begin(), all.end());
    ASSERT_EQ(all.size(), 997u);
    for (uint64_t i = 0; i < 997; ++i) EXPECT_EQ(all[i], SampleId(10 + i));
  }
  EXPECT_EQ(story.size(), 2u * static_cast<size_t>(StepsPerEpoch(options.order)) * kLanes);
}

TEST(TrainLoader, GivesTheBytesThatTheAugmentationMakesOfTheRecord) {
  const auto source = std::make_shared<FakeSource>(10, 105, 32);
  const TrainLoaderOptions options = OptionsFor(*source);
  const auto augmentation = Augmentation::Parse(options.augment, {{0.5}, {0.25}});
  ASSERT_TRUE(augmentation.ok());
  for (const auto& [where, seen] : ReadAll(source, options)) {
    for (int64_t i = 0; i < seen.rows; ++i) {
      const SampleId id = seen.ids[static_cast<size_t>(i)];
      const ImageSample record = FakeSource::SampleOf(id);
      const AugmentStream stream = {StreamKey(7, "augment"), std::get<0>(where), id};
      std::vector<float> expected(9);
      const RawImage pixels(reinterpret_cast<const uint8_t*>(record.pixels.data()), {3, 3, 1});
      AugmentedSample sample;
      sample.Begin(pixels);
      ASSERT_TRUE(augmentation->Run(stream, &sample).ok());
      augmentation->Write(sample.image(), expected.data());
      EXPECT_EQ(std::vector<float>(seen.x.begin() + i * 9, seen.x.begin() + i * 9 + 9), expected);
    }
  }
}

TEST(TrainLoader, GivesTheSameWhateverThreadsPrefetchAndMemory) {
  const auto source = std::make_shared<FakeSource>(10, 833, 16);
  TrainLoaderOptions options = OptionsFor(*source);
  const Story story = ReadAll(source, options);
  for (const int threads : {1, 2, 3, 8, 20}) {
    for (const int prefetch : {1, 2, 5}) {
      for (const int64_t cache_bytes : {int64_t{0}, int64_t{50'000}, int64_t{1} << 30}) {
        options.threads = threads;
        options.prefetch_steps = prefetch;
        options.cache_bytes = cache_bytes;
        EXPECT_EQ(ReadAll(source, options), story)
            << threads << " threads, " << prefetch << " steps, " << cache_bytes << " bytes";
      }
    }
  }
}

TEST(TrainLoader, GivesALaneTheSameWhateverRankItIsOn) {
  for (const int64_t samples : {997, 105, 5}) {
    const auto source = std::make_shared<FakeSource>(10, samples, 32);
    TrainLoaderOptions options = OptionsFor(*source);
    const Story story = ReadAll(source, options);
    for (int32_t ranks = 2; ranks <= kLanes; ++ranks) {
      Story joined;
      for (int32_t r = 0; r < ranks; ++r) {
        options.lanes = PartOf(kLanes, ranks, r);
        joined.merge(ReadAll(source, options));
      }
      EXPECT_EQ(joined, story) << samples << " samples, " << ranks << " ranks";
    }
  }
}

TEST(TrainLoader, StartedInTheMiddleGivesWhatFollowsThere) {
  const auto source = std::make_shared<FakeSource>(10, 997, 32);
  TrainLoaderOptions options = OptionsFor(*source, /*epochs=*/3);
  const Story story = ReadAll(source, options);
  const int64_t steps = StepsPerEpoch(options.order);
  for (int32_t e = 0; e < 3; ++e) {
    for (int64_t t = 0; t <= steps; ++t) {
      options.start_epoch = Epoch(e);
      options.start_step = t;
      const Story expected(
          story.lower_bound(t == steps ? std::tuple(Epoch(e + 1), int64_t{0}, Lane(0))
                                       : std::tuple(Epoch(e), t, Lane(0))),
          story.end());
      EXPECT_EQ(ReadAll(source, options), expected) << "epoch " << e << " step " << t;
    }
  }
  options.start_epoch = Epoch(3);
  options.start_step = 0;
  auto loader = TrainLoader::Make(source, options);
  ASSERT_TRUE(loader.ok());
  EXPECT_TRUE((*loader)->Done());
  EXPECT_EQ((*loader)->Next(Soon()).status().code(), StatusCode::kFailedPrecondition);
}

TEST(TrainLoader, ReadsEachRunOfAWindowOnceWhileItFits) {
  const auto source = std::make_shared<FakeSource>(10, 997, 32);
  const TrainLoaderOptions options = OptionsFor(*source);
  int64_t runs = 0;
  for (int32_t e = 0; e < 2; ++e) {
    const EpochOrder order(options.order, Epoch(e));
    for (int32_t l = 0; l < kLanes; ++l) {
      for (int64_t w = 0; w < order.WindowsOf(Lane(l)); ++w) {
        runs += static_cast<int64_t>(order.WindowRuns(Lane(l), w).size());
      }
    }
  }
  ReadAll(source, options);
  EXPECT_EQ(source->range_reads(), runs);
  EXPECT_EQ(source->single_reads(), 0);
}

TEST(TrainLoader, WithoutMemoryToHoldRunsReadsEachRecordOnce) {
  const auto source = std::make_shared<FakeSource>(10, 997, 32);
  TrainLoaderOptions options = OptionsFor(*source);
  options.cache_bytes = 0;
  ReadAll(source, options);
  EXPECT_EQ(source->range_reads(), 0);
  EXPECT_EQ(source->single_reads(), 2 * 997);
}

TEST(TrainLoader, GivesTheStepsBeforeADamagedRecordAndThenItsError) {
  const auto healthy = std::make_shared<FakeSource>(10, 997, 32);
  TrainLoaderOptions options = OptionsFor(*healthy);
  const Story story = ReadAll(healthy, options);
  const SampleId damaged = story.at({Epoch(0), 4, Lane(5)}).ids[3];
  for (const int threads : {1, 3}) {
    for (const int64_t cache_bytes : {int64_t{0}, int64_t{1} << 30}) {
      const auto source = std::make_shared<FakeSource>(10, 997, 32);
      source->Damage(damaged);
      options.threads = threads;
      options.cache_bytes = cache_bytes;
      auto loader = TrainLoader::Make(source, options);
      ASSERT_TRUE(loader.ok()) << loader.status();
      for (int64_t t = 0; t < 4; ++t) {
        auto step = (*loader)->Next(Soon());
        ASSERT_TRUE(step.ok()) << step.status();
        EXPECT_EQ(See(step->lanes[5]), story.at({Epoch(0), t, Lane(5)}));
      }
      for (int again = 0; again < 2; ++again) {
        const Status status = (*loader)->Next(Soon()).status();
        EXPECT_EQ(status.code(), StatusCode::kDataLoss);
        EXPECT_THAT(status.message(),
                    AllOf(HasSubstr("epoch 1, step 5 of it, lane 5"),
                          HasSubstr("sample " + std::to_string(damaged.value) + " fails")));
      }
      EXPECT_FALSE((*loader)->Done());
    }
  }
}

TEST(TrainLoader, ReportsTheLowestLaneWhereSeveralFailInAStep) {
  const auto healthy = std::make_shared<FakeSource>(10, 997, 32);
  TrainLoaderOptions options = OptionsFor(*healthy);
  options.threads = 4;
  const Story story = ReadAll(healthy, options);
  const auto source = std::make_shared<FakeSource>(10, 997, 32);
  for (const int32_t lane : {7, 2, 5}) source->Damage(story.at({Epoch(0), 0, Lane(lane)}).ids[0]);
  auto loader = TrainLoader::Make(source, options);
  ASSERT_TRUE(loader.ok());
  EXPECT_THAT((*loader)->Next(Soon()).status().message(), HasSubstr("step 1 of it, lane 2"));
}

// Rows that are far apart are made by different threads.
TEST(TrainLoader, ReportsTheLowestIdWhereSeveralRowsOfABatchFail) {
  class TwoOdd : public FakeSource {
   public:
    TwoOdd() : FakeSource(10, 997, 32) {}
    Result<std::vector<Record>> ReadRange(SampleId first, int64_t count) const override {
      ASSIGN_OR_RETURN(auto records, FakeSource::ReadRange(first, count));
      for (Record& record : records) {
        if (odd.count(record.id()) == 0) continue;
        record = ImageSample{0, 2, 3, 1, std::string(6, 'x')}.MakeRecord(record.id(), "a",
                                                                         info().schema);
      }
      return records;
    }
    std::set<SampleId> odd;
  };
  const auto healthy = std::make_shared<FakeSource>(10, 997, 32);
  TrainLoaderOptions options = OptionsFor(*healthy);
  options.augment = {"hflip", "normalise"};
  options.order = *OrderSpecFor(healthy->info(), "train", 2, 40, 4, 7);
  options.lanes = {0, 2};
  const std::vector<SampleId> ids = ReadAll(healthy, options).at({Epoch(0), 0, Lane(1)}).ids;
  ASSERT_EQ(ids.size(), 38u);
  for (const auto& [a, b] : {std::pair(1, 37), std::pair(2, 3), std::pair(20, 9)}) {
    const auto source = std::make_shared<TwoOdd>();
    const SampleId one = ids[static_cast<size_t>(a)], other = ids[static_cast<size_t>(b)];
    source->odd = {one, other};
    for (const int threads : {1, 2, 4, 7}) {
      options.threads = threads;
      auto loader = TrainLoader::Make(source, options);
      ASSERT_TRUE(loader.ok()) << loader.status();
      EXPECT_THAT((*loader)->Next(Soon()).status().message(),
                  HasSubstr(DescribeSample(std::min(one, other))))
          << threads << " threads, rows " << a << " and " << b;
    }
  }
}

TEST(TrainLoader, ARecordOfAnotherSizeIsDataLoss) {
  class Odd : public FakeSource {
   public:
    Odd() : FakeSource(10, 105, 32) {}
    Result<std::vector<Record>> ReadRange(SampleId first, int64_t count) const override {
      ASSIGN_OR_RETURN(auto records, FakeSource::ReadRange(first, count));
      for (Record& record : records) {
        record = ImageSample{0, 2, 3, 1, std::string(6, 'x')}.MakeRecord(record.id(), "a",
                                                                         info().schema);
      }
      return records;
    }
  };
  const auto source = std::make_shared<Odd>();
  TrainLoaderOptions options = OptionsFor(*source);
  options.augment = {"hflip", "normalise"};
  auto loader = TrainLoader::Make(source, options);
  ASSERT_TRUE(loader.ok());
  const Status status = (*loader)->Next(Soon()).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("(key 00000000000000"), HasSubstr("2x3x1"),
                                      HasSubstr("the others become [3,3,1]")));
}

TEST(TrainLoader, ADeadlineThatPassesNamesTheStepAndItsLanesAndCanBeTriedAgain) {
  const auto source = std::make_shared<FakeSource>(10, 105, 32);
  TrainLoaderOptions options = OptionsFor(*source);
  options.lanes = {2, 4};
  const Story story = ReadAll(source, options);
  source->Hold();
  auto loader = TrainLoader::Make(source, options);
  ASSERT_TRUE(loader.ok());
  const Status status = (*loader)->Next(Deadline::In(std::chrono::milliseconds(1))).status();
  source->Release();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("epoch 1, step 1 of split 'train'"),
                                      HasSubstr("lanes still missing: 2, 3")));
  auto step = (*loader)->Next(Soon());
  ASSERT_TRUE(step.ok()) << step.status();
  EXPECT_EQ(See(step->lanes[1]), story.at({Epoch(0), 0, Lane(3)}));
}

TEST(TrainLoader, StopsWhileItsThreadsWaitForRoom) {
  const auto source = std::make_shared<FakeSource>(10, 997, 32);
  TrainLoaderOptions options = OptionsFor(*source, /*epochs=*/1000);
  options.threads = 4;
  for (int i = 0; i < 20; ++i) ReadAll(source, options, /*most=*/i % 4);
}

TEST(TrainLoader, StopsOnceTheReadInFlightReturns) {
  const auto source = std::make_shared<FakeSource>(10, 997, 32);
  source->Hold();
  TrainLoaderOptions options = OptionsFor(*source, /*epochs=*/1000);
  options.threads = 2;
  auto loader = TrainLoader::Make(source, options);
  ASSERT_TRUE(loader.ok());
  auto stopped = std::async(std::launch::async, [&] { loader->reset(); });
  source->Release();
  stopped.get();
  EXPECT_EQ(*loader, nullptr);
}

TEST(TrainLoader, MakesDoublesOnRequest) {
  const auto source = std::make_shared<FakeSource>(10, 105, 32);
  TrainLoaderOptions options = OptionsFor(*source);
  options.augment = {};
  options.dtype = DType::kFloat64;
  auto loader = TrainLoader::Make(source, options);
  ASSERT_TRUE(loader.ok());
  auto step = (*loader)->Next(Soon());
  ASSERT_TRUE(step.ok());
  const LaneBatch& lane = step->lanes[0];
  const NamedTensor& image = lane.Tensor(kImageTensor);
  EXPECT_EQ(image.type, (TensorType{DType::kFloat64, {lane.rows, 3, 3, 1}}));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(image.data.data()) % 64, 0u);
  const ImageSample record = FakeSource::SampleOf(lane.ids[0]);
  EXPECT_EQ(image.as<double>()[4], static_cast<uint8_t>(record.pixels[4]) / 255.0);
}

TEST(TrainLoader, RefusesWhatCannotBe) {
  const auto source = std::make_shared<FakeSource>(10, 105, 32);
  const auto message = [&](auto change) {
    TrainLoaderOptions options = OptionsFor(*source);
    change(options);
    const auto loader = TrainLoader::Make(source, options);
    CHECK(!loader.ok());
    EXPECT_EQ(loader.status().code(), StatusCode::kInvalidArgument);
    return loader.status().message();
  };
  EXPECT_THAT(message([](auto& o) { o.split = "trian"; }), HasSubstr("trian"));
  EXPECT_THAT(message([](auto& o) { o.order.samples = 104; }), HasSubstr("104, expected 105"));
  EXPECT_THAT(message([](auto& o) { o.order.shard_size = 16; }), HasSubstr("16, expected 32"));
  EXPECT_THAT(message([](auto& o) { o.lanes = {4, 9}; }), HasSubstr("lanes [4, 9)"));
  EXPECT_THAT(message([](auto& o) { o.lanes = {4, 4}; }), HasSubstr("lanes [4, 4)"));
  EXPECT_THAT(message([](auto& o) { o.start_step = 3; }), HasSubstr("the start step is 3"));
  EXPECT_THAT(message([](auto& o) { o.threads = 0; }), HasSubstr("threads is 0"));
  EXPECT_THAT(message([](auto& o) { o.prefetch_steps = 0; }), HasSubstr("prefetch_steps is 0"));
  EXPECT_THAT(message([](auto& o) { o.dtype = DType::kInt32; }), HasSubstr("expected f32 or f64"));
  EXPECT_THAT(message([](auto& o) { o.augment = {"random-crop:9"}; }), HasSubstr("random-crop:9"));
  source->mutable_info().splits[1].sizes = {{3, 3, "a"}, {4, 5, "b"}};
  EXPECT_THAT(message([](auto& o) { o.augment = {"normalise"}; }),
              AllOf(HasSubstr("3x3x1"), HasSubstr("4x5x1")));
  EXPECT_THAT(message([](auto& o) { o.inputs = {{.tensor = "mask", .field = "mask"}}; }),
              AllOf(HasSubstr("'mask'"), HasSubstr("image image, label label (3 classes)")));
  source->mutable_info().channels = 0;
  EXPECT_THAT(message([](auto&) {}), HasSubstr("different numbers of channels"));
}

}  // namespace
}  // namespace lockstep::storage
