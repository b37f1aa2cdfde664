// SPDX-License-Identifier: Apache-2.0
// The loaders over a real dataset: what they give is what was imported, each sample once, mixed,
// and a damaged file is an error before any of its bytes is used.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "storage/loader/eval_loader.h"
#include "storage/loader/testing/small_dataset.h"
#include "storage/loader/train_loader.h"
#include "storage/order/dataset_order.h"

namespace lockstep::storage {
namespace {

constexpr int32_t kLanes = 8;

Deadline Soon() { return Deadline::In(std::chrono::seconds(60)); }

TrainLoaderOptions OptionsFor(const Dataset& dataset, int64_t lane_batch, int64_t window_shards) {
  TrainLoaderOptions options;
  options.order = *OrderSpecFor(dataset.info(), "train", kLanes, lane_batch, window_shards, 3);
  options.augment = {"random-crop:4:pad=1", "hflip", "normalise"};
  options.lanes = {0, kLanes};
  return options;
}

struct Seen {
  std::vector<SampleId> ids;
  std::vector<int32_t> labels;
  std::vector<float> x;
  bool operator==(const Seen&) const = default;
};
using Story = std::map<std::tuple<Epoch, int64_t, Lane>, Seen>;

// Reads until the end or an error, which it returns.
Status ReadAll(const Dataset& dataset, const TrainLoaderOptions& options, Story* story) {
  ASSIGN_OR_RETURN(auto loader, TrainLoader::Make(&dataset, options));
  while (!loader->Done()) {
    ASSIGN_OR_RETURN(const StepBatch step, loader->Next(Soon()));
    for (const LaneBatch& lane : step.lanes) {
      const NamedTensor& image = lane.Tensor(kImageTensor);
      const float* x = image.as<float>();
      const int32_t* labels = lane.Tensor(kLabelTensor).as<int32_t>();
      (*story)[{step.epoch, step.step_in_epoch, lane.lane}] = {
          lane.ids, {labels, labels + lane.rows}, {x, x + image.type.shape.elements()}};
    }
  }
  return OkStatus();
}

TEST(LoadersOfADataset, GiveEverySampleOnceAnEpochWhateverTheRanks) {
  const SmallDataset small("loader-once", 40, 997, 32);
  const auto dataset = small.Open();
  TrainLoaderOptions options = OptionsFor(*dataset, 13, 2);
  options.epochs = 2;
  Story story;
  ASSERT_TRUE(ReadAll(*dataset, options, &story).ok());
  std::map<Epoch, std::vector<SampleId>> consumed;
  for (const auto& [where, seen] : story) {
    auto& ids = consumed[std::get<0>(where)];
    ids.insert(ids.end(), seen.ids.begin(), seen.ids.end());
  }
  ASSERT_EQ(consumed.size(), 2u);
  for (auto& [epoch, ids] : consumed) {
    std::sort(ids.begin(), ids.end());
    ASSERT_EQ(ids.size(), 997u);
    for (uint64_t i = 0; i < 997; ++i) EXPECT_EQ(ids[i], SampleId(40 + i));
  }
  for (int32_t ranks = 1; ranks <= kLanes; ++ranks) {
    Story joined;
    for (int32_t r = 0; r < ranks; ++r) {
      options.lanes = PartOf(kLanes, ranks, r);
      options.threads = 1 + r % 3;
      ASSERT_TRUE(ReadAll(*dataset, options, &joined).ok());
    }
    EXPECT_EQ(joined, story) << ranks << " ranks";
  }
}

TEST(LoadersOfADataset, GiveTheLabelOfTheRecord) {
  const SmallDataset small("loader-labels", 40, 500, 32);
  const auto dataset = small.Open();
  Story story;
  ASSERT_TRUE(ReadAll(*dataset, OptionsFor(*dataset, 13, 2), &story).ok());
  int64_t rows = 0;
  for (const auto& [where, seen] : story) {
    for (size_t i = 0; i < seen.ids.size(); ++i, ++rows) {
      const auto record = dataset->Read(seen.ids[i]);
      ASSERT_TRUE(record.ok()) << record.status();
      const std::string path(record->source_path());
      const int64_t index = std::stoll(path.substr(path.find('/') + 1));
      EXPECT_EQ(seen.labels[i], SmallDataset::LabelOf(index, 500)) << path;
    }
  }
  EXPECT_EQ(rows, 500);
}

// Pearson's statistic of the classes of 1,024 consecutive positions against equal shares; above
// 44.811 it has p < 1e-6 with 9 degrees of freedom.
TEST(LoadersOfADataset, MixTheClassesOfASortedSource) {
  constexpr size_t kWindow = 1024;
  const SmallDataset small("loader-mix", 10, 4000, 64);
  const auto dataset = small.Open();
  TrainLoaderOptions options = OptionsFor(*dataset, 32, 4);
  options.augment = {};
  for (const int32_t lanes : {1, kLanes}) {
    options.order.lanes = lanes;
    options.lanes = {0, lanes};
    Story story;
    ASSERT_TRUE(ReadAll(*dataset, options, &story).ok());
    std::vector<int32_t> labels;  // in the order in which steps consume them
    for (const auto& [where, seen] : story) {
      labels.insert(labels.end(), seen.labels.begin(), seen.labels.end());
      const std::set<int32_t> classes(seen.labels.begin(), seen.labels.end());
      EXPECT_GE(classes.size(), 5u) << "of " << seen.labels.size() << " rows";
    }
    ASSERT_EQ(labels.size(), 4000u);
    for (size_t begin = 0; begin + kWindow <= labels.size(); ++begin) {
      std::array<double, SmallDataset::kClasses> counts{};
      for (size_t i = begin; i < begin + kWindow; ++i) ++counts[static_cast<size_t>(labels[i])];
      double chi_square = 0;
      const double expected = static_cast<double>(kWindow) / counts.size();
      for (const double n : counts) chi_square += (n - expected) * (n - expected) / expected;
      ASSERT_LT(chi_square, 44.811) << "positions from " << begin << ", " << lanes << " lanes";
    }
  }
}

// Inverts one byte in the middle of the largest file below `directory`.
void DamageLargestFile(const std::string& directory) {
  std::filesystem::path largest;
  uintmax_t size = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file() || entry.file_size() <= size) continue;
    largest = entry.path();
    size = entry.file_size();
  }
  std::filesystem::permissions(largest, std::filesystem::perms::owner_write,
                               std::filesystem::perm_options::add);
  std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(size / 2));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(size / 2));
  file.put(static_cast<char>(~byte));
  ASSERT_TRUE(file.good()) << largest;
}

TEST(LoadersOfADataset, FindADamagedFileBeforeItsBytesAreUsed) {
  const SmallDataset small("loader-damage", 40, 3000, 32);
  Story story;
  {
    const auto dataset = small.Open();
    ASSERT_TRUE(ReadAll(*dataset, OptionsFor(*dataset, 13, 2), &story).ok());
  }
  DamageLargestFile(small.directory());
  const auto dataset = small.Open();  // reads no data file
  for (const int64_t cache_bytes : {int64_t{0}, int64_t{1} << 30}) {
    TrainLoaderOptions options = OptionsFor(*dataset, 13, 2);
    options.cache_bytes = cache_bytes;
    Story damaged;
    const Status status = ReadAll(*dataset, options, &damaged);
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
    EXPECT_THAT(status.message(), ::testing::HasSubstr("epoch 1, step "));
    EXPECT_THAT(status.message(), ::testing::HasSubstr("key "));
    EXPECT_LT(damaged.size(), story.size());
    for (const auto& [where, seen] : damaged) EXPECT_EQ(seen, story.at(where));
  }
}

TEST(LoadersOfADataset, EvaluateEverySampleOnce) {
  const SmallDataset small("loader-eval", 105, 20, 32);
  const auto dataset = small.Open();
  EvalLoaderOptions options;
  options.lanes = kLanes;
  options.eval_batch = 4;
  const auto loader = EvalLoader::Make(dataset.get(), options);
  ASSERT_TRUE(loader.ok()) << loader.status();
  uint64_t next = 0;
  for (int32_t l = 0; l < kLanes; ++l) {
    for (int64_t i = 0; i < (*loader)->batches(Lane(l)); ++i) {
      const auto batch = (*loader)->Read(Lane(l), i);
      ASSERT_TRUE(batch.ok()) << batch.status();
      for (const SampleId id : batch->ids) EXPECT_EQ(id, SampleId(next++));
    }
  }
  EXPECT_EQ(next, 105u);
}

}  // namespace
}  // namespace lockstep::storage
