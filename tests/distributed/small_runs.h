// SPDX-License-Identifier: Apache-2.0
// Small whole runs for tests: a synthetic dataset made from Philox, a config, and what the run
// left.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/status.h"
#include "worker/config/train_config.h"
#include "worker/run/train.h"

namespace lockstep::tests {

// A folder of this test that is empty at first; removed when the object goes.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

struct SmallDataset {
  int64_t train = 333, test = 97;
  int64_t side = 28;  // images are side x side x 1
  int64_t shard_size = 32;
};
// Ten classes of blurred bars, told apart by a linear model; the same bytes on every machine.
Status MakeSmallDataset(const SmallDataset& spec, const std::string& directory);

// A config over a small dataset: V lanes of `lane_batch`, two epochs, no progress output.
worker::TrainConfig SmallConfig(const std::string& dataset, const std::string& run_directory,
                                const std::string& model, int32_t lanes, int64_t lane_batch);

// The whole run in this process: config.run.ranks ranks as threads, and their coordinator. `stop`
// as in worker::TrainWorld.
Result<worker::TrainSummary> Train(const worker::TrainConfig& config,
                                   worker::TrainObserver* observer = nullptr,
                                   const std::atomic<bool>* stop = nullptr);

// Lines of digests.csv: step, loss bits, loss, skipped, digest of every step.
std::vector<std::string> DigestLines(const std::string& run_directory);

// Runs the config in a fresh directory and returns its digest lines; a failed run fails the test.
std::vector<std::string> RunDigests(worker::TrainConfig config, const std::string& run_directory,
                                    worker::TrainSummary* summary = nullptr);

}  // namespace lockstep::tests
