// SPDX-License-Identifier: Apache-2.0
// Golden digests: three small runs with reference kernels have, step for step, the losses and
// digests stored beside this file, with every compiler and preset and on every x86-64 machine. A
// change of them is a change of a definition: a new digest schema (worker/step/digest.h), a
// decision record, and new files, written by running this test with LOCKSTEP_WRITE_GOLDEN=digests:
// that refuses where a loss is not the stored one. LOCKSTEP_WRITE_GOLDEN=losses writes those too.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "tests/distributed/small_runs.h"

namespace lockstep::tests {
namespace {

using worker::TrainConfig;

struct GoldenRun {
  std::string name;
  void (*change)(TrainConfig&);
};

const GoldenRun kRuns[] = {
    {"lenet5-sgd",
     [](TrainConfig& c) {
       c.model.name = "lenet5";
       c.batch.lanes = 8;
       c.optimizer.options.Set("nesterov", true);
     }},
    {"mlp-dropout-adam",
     [](TrainConfig& c) {
       c.model.name = "mlp-784-400-400-10";
       c.batch.lanes = 4;
       c.optimizer.name = "adam";
       c.optimizer.lr = 1e-3;
       c.schedule = {.name = "step", .options = {{"step_epochs", 0.5}, {"gamma", 0.5}}};
       c.seed = 7;
     }},
    {"convnet-bn-augment-clip",
     [](TrainConfig& c) {
       c.model.name = "convnet-bn";
       c.batch.lanes = 5;
       c.augment_train = {"random-crop:28:pad=2", "hflip", "normalise"};
       c.loss.options.Set("label_smoothing", 0.1);
       c.optimizer.clip_norm = 1.0;
     }},
};

// Lines "step,loss bits,loss,skipped,digest" without their digests.
std::string WithoutDigests(const std::string& text) {
  std::string kept;
  for (size_t at = 0, end = text.find('\n'); end != std::string::npos;
       at = end + 1, end = text.find('\n', at)) {
    const std::string line = text.substr(at, end - at);
    kept += line.substr(0, line.rfind(',')) + "\n";
  }
  return kept;
}

class GoldenDigests : public testing::TestWithParam<GoldenRun> {};

TEST_P(GoldenDigests, AreTheStoredOnes) {
  TestFolder folder;
  ASSERT_TRUE(MakeSmallDataset({.train = 133, .test = 29}, folder / "data").ok());
  TrainConfig config = SmallConfig(folder / "data", "", "", 1, 5);
  GetParam().change(config);
  config.run.ranks = 2;
  std::string text;
  for (const std::string& line : RunDigests(config, folder / "run")) text += line + "\n";
  const std::string path =
      std::string(LOCKSTEP_SOURCE_DIR) + "/tests/distributed/golden/" + GetParam().name + ".csv";
  Result<std::string> stored = ReadFile(path);
  if (const char* write = std::getenv("LOCKSTEP_WRITE_GOLDEN")) {
    if (stored.ok() && std::string(write) != "losses") {
      ASSERT_EQ(WithoutDigests(text), WithoutDigests(*stored)) << "a loss has changed";
    }
    ASSERT_TRUE(WriteFileAtomic(path, text).ok());
    stored = ReadFile(path);
  }
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(text, *stored);
}

INSTANTIATE_TEST_SUITE_P(Runs, GoldenDigests, testing::ValuesIn(kRuns), [](const auto& info) {
  std::string name = info.param.name;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
});

}  // namespace
}  // namespace lockstep::tests
