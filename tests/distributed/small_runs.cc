// SPDX-License-Identifier: Apache-2.0
#include "tests/distributed/small_runs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "base/file.h"
#include "base/philox.h"
#include "comm/local/local_world.h"
#include "coordinator/run/run_coordinator.h"
#include "storage/dataset/channel_statistics.h"
#include "storage/dataset/testing/image_sample.h"
#include "storage/dataset/writer.h"

namespace lockstep::tests {
namespace {

// A bar whose row and direction tell the class, on noise.
storage::ImageSample Image(const SmallDataset& spec, uint32_t split, uint32_t index) {
  storage::ImageSample sample;
  sample.label = static_cast<int32_t>(Philox4x32({index, split, 0, 0}, {11, 0})[0] % 10);
  sample.height = sample.width = static_cast<int32_t>(spec.side);
  sample.channels = 1;
  const int64_t bar = 1 + (sample.label % 5) * (spec.side - 2) / 5;
  for (uint32_t y = 0; y < spec.side; ++y) {
    for (uint32_t x = 0; x < spec.side; ++x) {
      const uint32_t noise = Philox4x32({index, split, y, x}, {12, 0})[0] % 128;
      const int64_t at = sample.label < 5 ? y : x;
      const bool lit = at == bar || at == bar + 1;
      sample.pixels.push_back(static_cast<char>(lit ? 127 + noise : noise));
    }
  }
  return sample;
}

std::vector<std::string> Paths(const std::string& split, int64_t count) {
  std::vector<std::string> paths;
  for (int64_t i = 0; i < count; ++i) {
    char name[32];
    std::snprintf(name, sizeof name, "%s/%08lld", split.c_str(), static_cast<long long>(i));
    paths.emplace_back(name);
  }
  return paths;
}

}  // namespace

TestFolder::TestFolder() {
  std::string pattern = testing::TempDir() + "lockstep-XXXXXX";
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  path_ = pattern;
}

TestFolder::~TestFolder() { EXPECT_TRUE(RemoveTree(path_).ok()); }

Status MakeSmallDataset(const SmallDataset& spec, const std::string& directory) {
  storage::WriterOptions options;
  options.directory = directory;
  options.source = "synthetic";
  std::vector<std::string> classes;
  for (char c = '0'; c <= '9'; ++c) classes.emplace_back(1, c);
  options.schema = ImageAndLabel(std::move(classes));
  storage::ChannelSums sums;
  for (int64_t i = 0; i < spec.train; ++i) {
    sums.Add(Image(spec, 1, static_cast<uint32_t>(i)).pixels, 1);
  }
  options.channel_mean = sums.Mean();
  options.channel_std = sums.Deviation();
  options.splits = {{"test", Paths("test", spec.test)}, {"train", Paths("train", spec.train)}};
  options.shard_size = spec.shard_size;
  ASSIGN_OR_RETURN(const auto writer, storage::DatasetWriter::Create(options));
  for (int64_t range = 0; range < writer->ranges(); ++range) {
    RETURN_IF_ERROR(writer->WriteRange(
        range, [&](size_t split, size_t index) -> Result<std::vector<storage::FieldValue>> {
          return Image(spec, static_cast<uint32_t>(split), static_cast<uint32_t>(index)).Values();
        }));
  }
  return writer->Finish().status();
}

worker::TrainConfig SmallConfig(const std::string& dataset, const std::string& run_directory,
                                const std::string& model, int32_t lanes, int64_t lane_batch) {
  worker::TrainConfig config;
  config.kernels = "reference";
  config.data.dataset = dataset;
  config.data.window_shards = 2;
  config.model.name = model;
  config.batch.lanes = lanes;
  config.batch.lane_batch = lane_batch;
  config.optimizer.lr = 0.02;
  config.optimizer.options.Set("weight_decay", 5e-4);
  config.schedule.name = "cosine";
  config.schedule.warmup_epochs = 0.5;
  config.eval.batch = 16;
  config.epochs = 2;
  config.run.directory = run_directory;
  config.run.progress = false;
  config.recipe_text = "# a test\n";
  return config;
}

Result<worker::TrainSummary> Train(const worker::TrainConfig& config,
                                   worker::TrainObserver* observer, const std::atomic<bool>* stop) {
  const int32_t ranks = std::max(1, config.run.ranks);
  comm::LocalWorld local(ranks);
  std::vector<std::unique_ptr<comm::Communicator>> communicators;
  coordinator::RunCoordinator coordinator{coordinator::RunCoordinatorOptions{}};
  worker::TrainWorld world{.ranks = {}, .coordinator = &coordinator, .stop = stop};
  for (int32_t r = 0; r < ranks; ++r) {
    communicators.push_back(local.MakeRank(Rank(r)));
    world.ranks.push_back(communicators.back().get());
  }
  return worker::Train(config, world, observer);
}

std::vector<std::string> DigestLines(const std::string& run_directory) {
  const Result<std::string> text = ReadFile(run_directory + "/digests.csv");
  EXPECT_TRUE(text.ok()) << text.status();
  std::vector<std::string> lines;
  std::istringstream stream(text.ok() ? *text : std::string());
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  EXPECT_GT(lines.size(), 1u) << "no step was recorded";
  return lines;
}

std::vector<std::string> RunDigests(worker::TrainConfig config, const std::string& run_directory,
                                    worker::TrainSummary* summary) {
  config.run.directory = run_directory;
  const Result<worker::TrainSummary> result = Train(config);
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return {};
  EXPECT_TRUE(result->exactly_once);
  if (summary != nullptr) *summary = *result;
  return DigestLines(run_directory);
}

}  // namespace lockstep::tests
