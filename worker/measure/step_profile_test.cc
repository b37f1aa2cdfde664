// SPDX-License-Identifier: Apache-2.0
#include "worker/measure/step_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/device/cpu/cpu_device.h"
#include "base/device/cpu_isa.h"
#include "worker/measure/step_measurement.h"

namespace lockstep::worker {
namespace {

using ::testing::IsSupersetOf;

TrainConfig Config(int32_t lanes) {
  TrainConfig config;
  config.kernels = "reference";  // names in what is expected below
  config.model.name = "convnet-bn";
  config.batch = {.lanes = lanes, .lane_batch = 4, .lane_threads = 1};
  config.optimizer.lr = 0.01;
  return config;
}

RunSetup SetUpProfiled(const TrainConfig& config, bool profile = true) {
  auto setup = SetUpWithoutData(config, {8, 8, 1}, 10, profile);
  CHECK(setup.ok()) << setup.status();
  return *std::move(setup);
}

const ProfileRow& RowNamed(const std::vector<ProfileRow>& rows, const std::string& name) {
  for (const ProfileRow& row : rows) {
    if (row.name == name) return row;
  }
  CHECK(false) << "no row " << name;
  return rows.front();
}

TEST(StepProfileTest, LayersAndKindsHoldTheSameWork) {
  const RunSetup setup = SetUpProfiled(Config(2));
  const StepProfile profile = ProfileStep(*setup.model, 2, {.gflops = 1, .gbytes_per_second = 1});
  std::vector<std::string> names;
  for (const auto* rows : {&profile.layers, &profile.kinds}) {
    ProfileRow sum;
    for (const ProfileRow& row : *rows) {
      sum.nodes += row.nodes;
      sum.flops += row.flops;
      sum.bytes += row.bytes;
      sum.least_ms += row.least_ms;
      names.push_back(row.name);
    }
    EXPECT_EQ(sum.nodes, profile.total.nodes);
    EXPECT_EQ(sum.flops, profile.total.flops);
    EXPECT_EQ(sum.bytes, profile.total.bytes);
    EXPECT_NEAR(sum.least_ms, profile.total.least_ms, 1e-9);
  }
  EXPECT_THAT(names, IsSupersetOf({"block1/conv", "block2/bn", "fc", "loss", "update",
                                   "update_running", "conv2d (reference)", "sgd (reference)"}));
}

// block2/conv: 3x3, 8 to 16 channels on 4x4 images of 4 rows; forward and both gradients each take
// 2 N H W K R S C operations, or fewer where the border saves some.
TEST(StepProfileTest, AConvolutionCountsForwardAndBothGradients) {
  const RunSetup setup = SetUpProfiled(Config(1));
  const Roofline roofline = {};
  const StepProfile profile = ProfileStep(*setup.model, 1, roofline);
  const int64_t forward = RowNamed(profile.kinds, "conv2d (reference)").flops;
  EXPECT_GT(forward, 0);
  EXPECT_EQ(RowNamed(profile.kinds, "conv2d_weight_grad (reference)").flops, forward);
  EXPECT_GT(RowNamed(profile.layers, "block2/conv").flops,
            RowNamed(profile.layers, "block1/conv").flops)
      << "the first layer has no gradient of its input";
}

TEST(StepProfileTest, LanesMultiplyTheirPartAndNotTheUpdate) {
  const RunSetup setup = SetUpProfiled(Config(3));
  const StepProfile one = ProfileStep(*setup.model, 1, {});
  const StepProfile three = ProfileStep(*setup.model, 3, {});
  EXPECT_EQ(RowNamed(three.layers, "fc").flops, 3 * RowNamed(one.layers, "fc").flops);
  EXPECT_EQ(RowNamed(three.layers, "update").bytes, RowNamed(one.layers, "update").bytes);
}

TEST(StepProfileTest, TheRooflineTakesTheSlowerOfArithmeticAndMemory) {
  const RunSetup setup = SetUpProfiled(Config(1));
  const auto total = [&](const Roofline& roofline) {
    return ProfileStep(*setup.model, 1, roofline).total;
  };
  const ProfileRow unknown = total({});
  EXPECT_EQ(unknown.least_ms, 0.0);
  const double arithmetic = 1e-6 * static_cast<double>(unknown.flops);
  const double memory = 1e-6 * static_cast<double>(unknown.bytes);
  EXPECT_NEAR(total({.gflops = 1}).least_ms, arithmetic, 1e-9);
  EXPECT_NEAR(total({.gbytes_per_second = 1}).least_ms, memory, 1e-9);
  const double both = total({.gflops = 1, .gbytes_per_second = 1}).least_ms;
  EXPECT_GE(both, std::max(arithmetic, memory));
  EXPECT_LE(both, arithmetic + memory);
}

TEST(StepProfileTest, AKernelThatDoesWithFewerOperationsTakesLessAtLeast) {
  if (HostCpuIsa() == CpuIsa::kBaseline) GTEST_SKIP() << "needs AVX2";
  TrainConfig config = Config(1);
  config.model.name = "resnet18";
  config.kernels = "auto";
  config.batch.lane_batch = 8;
  const Result<RunSetup> setup = SetUpWithoutData(config, {64, 64, 3}, 10, /*profile=*/true);
  ASSERT_TRUE(setup.ok()) << setup.status();
  const StepProfile profile = ProfileStep(*setup->model, 1, {.gflops = 1});
  const ProfileRow fewer = RowNamed(profile.kinds, "conv2d (winograd)");
  EXPECT_GT(fewer.flops, 0);
  EXPECT_LT(fewer.least_ms, 0.6e-6 * static_cast<double>(fewer.flops));
  const ProfileRow product = RowNamed(profile.kinds, "sgd (simd)");
  EXPECT_NEAR(product.least_ms, 1e-6 * static_cast<double>(product.flops), 1e-9);
}

TEST(StepProfileTest, EveryLayerOfMeasuredStepsHasATime) {
  const TrainConfig config = Config(2);
  const RunSetup setup = SetUpProfiled(config);
  const auto measured = MeasureSteps(config, setup, /*warmup=*/1, /*steps=*/3);
  ASSERT_TRUE(measured.ok()) << measured.status();
  EXPECT_EQ(measured->step_ms.size(), 3u);
  EXPECT_LT(measured->last_loss, measured->first_loss);
  EXPECT_GT(measured->memory.peak(), 0);
  const StepProfile profile = ProfileStep(*setup.model, 2, {}, measured->spent, 3);
  double sum = 0.0;
  for (const ProfileRow& row : profile.layers) {
    EXPECT_GT(row.measured_ms, 0.0) << row.name;
    sum += row.measured_ms;
  }
  EXPECT_NEAR(sum, profile.total.measured_ms, 1e-9);
  EXPECT_GT(RowNamed(profile.layers, "fc").gflops(), 0.0);
}

TEST(StepProfileTest, WithoutProfilingPlansNothingIsMeasured) {
  const TrainConfig config = Config(1);
  const RunSetup setup = SetUpProfiled(config, /*profile=*/false);
  const auto measured = MeasureSteps(config, setup, 0, 1);
  ASSERT_TRUE(measured.ok()) << measured.status();
  EXPECT_TRUE(measured->spent.empty());
  EXPECT_EQ(ProfileStep(*setup.model, 1, {}, measured->spent, 1).total.measured_ms, 0.0);
}

TEST(StepProfileTest, StepsThatDoNotFitAreRefusedBeforeTheyAreMade) {
  const TrainConfig config = Config(1);
  RunSetup setup = SetUpProfiled(config);
  const std::unique_ptr<Device> compiled_for = std::move(setup.device);
  DeviceSpec small = compiled_for->spec();
  small.memory_bytes = PlannedMemory(config, setup).peak() - 1;
  setup.device = std::make_unique<CpuDevice>(small);
  const auto refused = MeasureSteps(config, setup, 0, 1);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), StatusCode::kResourceExhausted);
  EXPECT_NE(refused.status().message().find("the plan needs"), std::string::npos)
      << refused.status();
  small.memory_bytes += 1;
  setup.device = std::make_unique<CpuDevice>(small);
  EXPECT_TRUE(MeasureSteps(config, setup, 0, 1).ok());
}

TEST(StepProfileTest, LanesRunSideBySideAndTheUpdateAlone) {
  const ProfileRow row = {.measured_ms = 10.0, .update_ms = 4.0};
  EXPECT_DOUBLE_EQ(row.share_of_step_ms(1), 10.0);
  EXPECT_DOUBLE_EQ(row.share_of_step_ms(3), 6.0);
  const TrainConfig config = Config(2);
  const RunSetup setup = SetUpProfiled(config);
  const auto measured = MeasureSteps(config, setup, 0, 2);
  ASSERT_TRUE(measured.ok()) << measured.status();
  const StepProfile profile = ProfileStep(*setup.model, 2, {}, measured->spent, 2);
  const ProfileRow& update = RowNamed(profile.layers, "update");
  EXPECT_EQ(update.update_ms, update.measured_ms);
  EXPECT_EQ(RowNamed(profile.layers, "fc").update_ms, 0.0);
}

TEST(SlowestTest, TakesTheLongestFirst) {
  const std::vector<ProfileRow> rows = {{.name = "a", .measured_ms = 1},
                                        {.name = "b", .measured_ms = 3},
                                        {.name = "c", .measured_ms = 2}};
  const auto slowest = Slowest(rows, 2);
  ASSERT_EQ(slowest.size(), 2u);
  EXPECT_EQ(slowest[0].name, "b");
  EXPECT_EQ(slowest[1].name, "c");
  EXPECT_EQ(Slowest(rows, 9).size(), 3u);
}

}  // namespace
}  // namespace lockstep::worker
