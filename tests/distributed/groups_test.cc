// SPDX-License-Identifier: Apache-2.0
// Groups of parameters and frozen ones: the laws hold with them, and they do what they say.
#include <gtest/gtest.h>

#include <cstring>

#include "storage/checkpoint/safetensors.h"
#include "tests/distributed/small_runs.h"

namespace lockstep::tests {
namespace {

using storage::SafetensorsFile;
using worker::TrainConfig;

class GroupsTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(MakeSmallDataset({}, folder_ / "data").ok()); }

  TrainConfig Config() {
    TrainConfig config = SmallConfig(folder_ / "data", folder_ / "unused", "convnet-bn", 5, 9);
    config.schedule.warmup_epochs = 0;
    config.schedule.name = "constant";
    config.epochs = 1;
    return config;
  }
  std::vector<std::string> Run(const TrainConfig& config) {
    last_ = folder_ / ("run" + std::to_string(runs_++));
    return RunDigests(config, last_);
  }
  // The weights after a run of that many steps.
  SafetensorsFile WeightsAfter(TrainConfig config, int64_t steps) {
    config.max_steps = steps;
    Run(config);
    auto file = SafetensorsFile::Read(last_ + "/model.safetensors");
    EXPECT_TRUE(file.ok()) << file.status();
    return *std::move(file);
  }

  TestFolder folder_;
  std::string last_;
  int runs_ = 0;
};

std::string BytesOf(const SafetensorsFile& file, const std::string& name) {
  const auto tensor = file.Find(name);
  EXPECT_TRUE(tensor.ok()) << tensor.status();
  return std::string(static_cast<const char*>(tensor->data),
                     static_cast<size_t>(tensor->type.bytes()));
}

TEST_F(GroupsTest, DigestsAreEqualForEveryNumberOfRanks) {
  for (const bool learn : {false, true}) {
    TrainConfig config = Config();
    config.model.freeze = {"block1.*"};
    config.model.frozen_norms = learn ? "learn" : "keep";
    config.optimizer.groups = {"kind=norm:weight_decay=0", "fc.*:lr_scale=4"};
    config.optimizer.clip_norm = 1.0;
    const std::vector<std::string> expected = Run(config);
    for (const int32_t ranks : {2, 3, 5}) {
      config.run.ranks = ranks;
      EXPECT_EQ(Run(config), expected) << ranks << " ranks, learn " << learn;
    }
  }
}

TEST_F(GroupsTest, DigestsAreEqualWhereGradientsPassFrozenNorms) {
  for (const char* pattern : {"kind=norm", "block2.*"}) {
    TrainConfig config = Config();
    config.model.freeze = {pattern};
    const std::vector<std::string> expected = Run(config);
    for (const int32_t ranks : {2, 5}) {
      config.run.ranks = ranks;
      EXPECT_EQ(Run(config), expected) << pattern << ", " << ranks << " ranks";
    }
  }
}

TEST_F(GroupsTest, AFrozenRunThatIsCutGoesOnAsIfItNeverHadBeen) {
  TrainConfig config = Config();
  config.model.freeze = {"*", "!fc.*"};
  config.optimizer.name = "adam";
  config.optimizer.lr = 1e-3;
  const std::vector<std::string> expected = Run(config);
  config.max_steps = 4;
  Run(config);
  config.max_steps = 0;
  config.run.ranks = 2;
  EXPECT_EQ(RunDigests(config, last_), expected);
}

TEST_F(GroupsTest, FrozenParametersAndTheirStatisticsKeepTheirBits) {
  TrainConfig config = Config();
  config.model.freeze = {"*", "!fc.*"};
  const SafetensorsFile one = WeightsAfter(config, 1), six = WeightsAfter(config, 6);
  for (const storage::TensorView& tensor : one.tensors()) {
    const bool same = BytesOf(one, tensor.name) == BytesOf(six, tensor.name);
    EXPECT_EQ(same, !tensor.name.starts_with("fc.")) << tensor.name;
  }
  config.model.frozen_norms = "learn";
  const SafetensorsFile learnt = WeightsAfter(config, 6);
  EXPECT_EQ(BytesOf(learnt, "block1.bn.weight"), BytesOf(six, "block1.bn.weight"));
  EXPECT_NE(BytesOf(learnt, "block1.bn.running_mean"), BytesOf(six, "block1.bn.running_mean"));
}

// One step from the same start: powers of two keep every rounding.
TEST_F(GroupsTest, AGroupsRatesAreThoseOfARunThatHasThemForAll) {
  TrainConfig plain = Config();
  const SafetensorsFile slow = WeightsAfter(plain, 1);
  plain.optimizer.lr *= 4;
  const SafetensorsFile fast = WeightsAfter(plain, 1);
  plain.optimizer.options.Set("weight_decay", 0.0);
  const SafetensorsFile without_decay = WeightsAfter(plain, 1);
  TrainConfig grouped = Config();
  grouped.optimizer.groups = {"fc.bias:lr_scale=4:weight_decay=0", "fc.*:lr_scale=4"};
  const SafetensorsFile both = WeightsAfter(grouped, 1);
  EXPECT_EQ(BytesOf(both, "block1.conv.weight"), BytesOf(slow, "block1.conv.weight"));
  EXPECT_NE(BytesOf(fast, "block1.conv.weight"), BytesOf(slow, "block1.conv.weight"));
  EXPECT_EQ(BytesOf(both, "fc.weight"), BytesOf(fast, "fc.weight"));
  EXPECT_EQ(BytesOf(both, "fc.bias"), BytesOf(without_decay, "fc.bias"));
  EXPECT_NE(BytesOf(fast, "fc.bias"), BytesOf(without_decay, "fc.bias"));
}

}  // namespace
}  // namespace lockstep::tests
