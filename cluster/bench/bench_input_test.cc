// SPDX-License-Identifier: Apache-2.0
// The report of `bench input`: what it counts, what it says, and what it refuses. Nothing is
// asserted of how long anything takes.
#include "cluster/bench/bench_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "storage/loader/testing/small_dataset.h"

namespace lockstep::cluster {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class BenchInputTest : public ::testing::Test {
 protected:
  BenchInputTest() {
    config_.data.dataset = small_.directory();
    config_.batch.lanes = 2;
    config_.batch.lane_batch = 5;
    config_.augment_train = {"random-crop:4:pad=1", "hflip", "normalise"};
    options_.recipe = "small.toml";
    options_.threads = 2;
    options_.batches = 7;
  }

  const storage::SmallDataset small_{"bench-input", 40, 105, 32};  // 11 steps an epoch
  worker::TrainConfig config_;
  BenchInputOptions options_;
  std::ostringstream out_;
};

TEST_F(BenchInputTest, SaysHowFastAndWhereTheTimeGoes) {
  const Status status = RunBenchInput(config_, options_, out_);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(
      out_.str(),
      AllOf(HasSubstr("bench input: small.toml, " + small_.directory() +
                      ", split train of 105 images"),
            HasSubstr("augment.train: random-crop:4:pad=1, hflip, normalise"),
            HasSubstr("V = 2 lanes, lane_batch = 5, tensors of a lane image f32["),
            HasSubstr("threads 2 on "), HasSubstr("images a second  "),
            HasSubstr("time to the first batch  "), HasSubstr("  read its record  "),
            HasSubstr("  decode  "), HasSubstr("  augment  "), HasSubstr("  write to the batch  "),
            HasSubstr("a device that trains   1000 images a second needs"),
            HasSubstr(" in 7 batches")));
}

TEST_F(BenchInputTest, TheJsonHasTheFigures) {
  options_.json = ::testing::TempDir() + "/bench_input.json";
  ASSERT_TRUE(RunBenchInput(config_, options_, out_).ok());
  std::ifstream file(options_.json);
  const auto json = nlohmann::json::parse(file);
  EXPECT_EQ(json["batches"], 7);
  EXPECT_GE(json["images"], 7 * 2 * 4);  // a lane has 52 or 53 samples in 11 steps
  EXPECT_LE(json["images"], 7 * 2 * 5);
  EXPECT_EQ(json["threads"], 2);
  EXPECT_EQ(json["samples"], 105);
  EXPECT_EQ(json["augment"].size(), 3u);
  EXPECT_GT(json["images_per_second"], 0.0);
  EXPECT_GT(json["first_batch_ms"], 0.0);
  EXPECT_EQ(json["batch_bytes_per_image"], 4 * 4 * 4 + 4);  // f32 [4, 4, 1] and i32
  EXPECT_GT(json["record_bytes_per_image"], 16.0);
  const auto& ms = json["thread_ms_per_image"];
  EXPECT_GT(ms["read"], 0.0);
  EXPECT_EQ(ms["decode"], 0.0) << "the images are raw";
  EXPECT_GT(ms["augment"], 0.0);
  EXPECT_GT(ms["write"], 0.0);
  EXPECT_DOUBLE_EQ(ms["all"].get<double>(), ms["read"].get<double>() + ms["decode"].get<double>() +
                                                ms["augment"].get<double>() +
                                                ms["write"].get<double>());
  int64_t before = 0;
  for (const auto& device : json["threads_for"]) {
    EXPECT_GE(device["threads"], std::max<int64_t>(1, before));
    before = device["threads"];
  }
}

TEST_F(BenchInputTest, GoesOnFromEpochToEpoch) {
  options_.batches = 40;
  ASSERT_TRUE(RunBenchInput(config_, options_, out_).ok());
  EXPECT_THAT(out_.str(), HasSubstr(" in 40 batches"));
}

TEST_F(BenchInputTest, EndsByTheClockToo) {
  options_.batches.reset();
  options_.seconds = 1e-6;
  ASSERT_TRUE(RunBenchInput(config_, options_, out_).ok());
  EXPECT_THAT(out_.str(), HasSubstr("measured "));
}

TEST_F(BenchInputTest, RefusesWhatItCannotMeasure) {
  const auto refused = [&](auto change) {
    worker::TrainConfig config = config_;
    BenchInputOptions options = options_;
    change(config, options);
    return RunBenchInput(config, options, out_);
  };
  EXPECT_THAT(refused([](auto&, auto& o) { o.seconds = 1.0; }).message(), HasSubstr("not both"));
  EXPECT_EQ(refused([](auto&, auto& o) { o.batches = 0; }).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused([](auto&, auto& o) { o.threads = -1; }).code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused([](auto& c, auto&) { c.data.train = "tarin"; }).message(),
              HasSubstr("did you mean 'train'"));
  EXPECT_THAT(refused([](auto& c, auto&) { c.augment_train = {"hflop"}; }).message(),
              HasSubstr("hflip"));
  EXPECT_EQ(refused([](auto& c, auto&) { c.data.dataset = "/no/such"; }).code(),
            StatusCode::kNotFound);
  const Status unwritten = refused([](auto&, auto& o) { o.json = "/no/such/folder/input.json"; });
  EXPECT_THAT(unwritten.message(),
              AllOf(HasSubstr("/no/such/folder/input.json"), HasSubstr("--json")));
}

}  // namespace
}  // namespace lockstep::cluster
