// SPDX-License-Identifier: Apache-2.0
// A dataset of 10^8 samples takes no more memory than its order and what is read ahead.
#include <gtest/gtest.h>

#include <memory>

#include "base/resident_memory.h"
#include "base/testing/address_limit.h"
#include "storage/loader/testing/fake_source.h"
#include "storage/loader/train_loader.h"
#include "storage/order/dataset_order.h"

namespace lockstep::storage {
namespace {

constexpr int64_t kSamples = 100'000'000;
constexpr int64_t kMiB = int64_t{1} << 20;

TEST(MemoryOfManySamples, TheOrderOfAnEpochTakesLittle) {
  SKIP_IF_SANITIZED();  // its allocator keeps what is freed
  const OrderSpec spec = {
      .samples = kSamples, .shard_size = 256, .window_shards = 64, .lanes = 8, .lane_batch = 32};
  ASSERT_TRUE(Validate(spec).ok());
  const int64_t before = ReadResidentMemory().now;
  const EpochOrder order(spec, Epoch(3));
  LaneOrder lane(std::make_shared<const EpochOrder>(order), Lane(7));
  std::vector<uint64_t> last = lane.Batch(StepsPerEpoch(spec) - 1);
  EXPECT_LT(ReadResidentMemory().now - before, 64 * kMiB);
  EXPECT_EQ(last.size(), static_cast<size_t>(RowsOf(spec, Lane(7), StepsPerEpoch(spec) - 1)));
  for (const uint64_t id : last) EXPECT_LT(id, static_cast<uint64_t>(kSamples));
}

TEST(MemoryOfManySamples, ALoaderTakesWhatItMayReadAhead) {
  SKIP_IF_SANITIZED();  // its allocator keeps what is freed
  const auto source = std::make_shared<FakeSource>(10, kSamples, 256);
  TrainLoaderOptions options;
  options.order = *OrderSpecFor(source->info(), "train", 8, 32, 64, 7);
  options.lanes = {0, 8};
  options.threads = 2;
  options.cache_bytes = 8 * kMiB;
  const int64_t before = ReadResidentMemory().now;
  auto loader = TrainLoader::Make(source, options);
  ASSERT_TRUE(loader.ok()) << loader.status();
  for (int64_t step = 0; step < 10; ++step) {
    const auto batch = (*loader)->Next(Deadline::In(std::chrono::seconds(60)));
    ASSERT_TRUE(batch.ok()) << batch.status();
    EXPECT_EQ(batch->lanes.size(), 8u);
  }
  // The cache, the order, and as much again for what the allocator keeps.
  EXPECT_LT(ReadResidentMemory().now - before, 64 * kMiB);
}

}  // namespace
}  // namespace lockstep::storage
