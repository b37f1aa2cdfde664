// SPDX-License-Identifier: Apache-2.0
#include "worker/measure/predicted_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace lockstep::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TrainConfig Config() {
  TrainConfig config;
  config.model.name = "convnet-bn";
  config.batch = {.lanes = 3, .lane_batch = 4, .lane_threads = 1};
  config.optimizer.lr = 0.01;
  config.run.lanes_at_once = 1;
  return config;
}

class PredictedTimeTest : public ::testing::Test {
 protected:
  std::string WriteSpec(double gflops, double gbytes_per_second) const {
    DeviceSpec spec = ReferenceCpuSpec();
    spec.cores = 4;
    spec.gflops = gflops;
    spec.gbytes_per_second = gbytes_per_second;
    const std::string path = ::testing::TempDir() + "/" +
                             ::testing::UnitTest::GetInstance()->current_test_info()->name() +
                             ".spec";
    std::ofstream(path) << spec.ToText();
    return path;
  }
  std::string Explained(const TrainConfig& config, const TimeOptions& options) const {
    const auto setup = SetUpWithoutData(config, {8, 8, 1}, 10, false);
    CHECK(setup.ok()) << setup.status();
    const auto text = ExplainTime(config, *setup, options);
    CHECK(text.ok()) << text.status();
    return text->layers + text->total;
  }
};

TEST_F(PredictedTimeTest, ThreadsHaveTheirShareOfTheArithmeticAndAllOfTheBandwidth) {
  DeviceSpec spec;
  spec.cores = 4;
  spec.gflops = 100;
  spec.gbytes_per_second = 20;
  EXPECT_DOUBLE_EQ(RooflineOf(spec, 1).gflops, 25.0);
  EXPECT_DOUBLE_EQ(RooflineOf(spec, 1).gbytes_per_second, 20.0);
  EXPECT_DOUBLE_EQ(RooflineOf(spec, 8).gflops, 100.0);
  spec.cores = 0;  // not known
  EXPECT_DOUBLE_EQ(RooflineOf(spec, 1).gflops, 100.0);
}

TEST_F(PredictedTimeTest, TheStepIsTheWorkOverTheSpecsCeilings) {
  // One of four cores: 1 GFLOP/s; memory never limits. So milliseconds are MFLOP.
  TrainConfig config = Config();
  config.kernels = "reference";  // they do with no fewer operations than the ops tell
  const std::string text = Explained(config, {.spec_file = WriteSpec(4, 1e9)});
  const auto setup = SetUpWithoutData(config, {8, 8, 1}, 10, false);
  ASSERT_TRUE(setup.ok());
  const auto flops = static_cast<double>(ProfileStep(*setup->model, 3, {}).total.flops);
  char expected[64];
  std::snprintf(expected, sizeof expected, "at least %.3f ms", 1e-6 * flops);
  EXPECT_THAT(text, AllOf(HasSubstr(expected), HasSubstr("3 of V = 3 lanes of 4 images"),
                          HasSubstr("ceilings 1.0 GFLOP/s"), HasSubstr("\nblock2/conv "),
                          HasSubstr("\nupdate "), Not(HasSubstr("measured ms"))));
}

TEST_F(PredictedTimeTest, MeasuredTimesStandBesideThePredictedOnes) {
  const std::string text =
      Explained(Config(), {.spec_file = WriteSpec(1000, 1000), .measure = true});
  EXPECT_THAT(text, AllOf(HasSubstr("least ms"), HasSubstr("measured ms"), HasSubstr("; measured "),
                          HasSubstr("\nblock2/conv ")));
}

TEST_F(PredictedTimeTest, WithoutASpecTheCeilingsAreMeasuredNow) {
  EXPECT_THAT(Explained(Config(), {}), HasSubstr("(measured now)"));
}

TEST_F(PredictedTimeTest, ASpecThatDoesNotHelpIsRefusedByName) {
  const TrainConfig config = Config();
  const auto setup = SetUpWithoutData(config, {8, 8, 1}, 10, false);
  ASSERT_TRUE(setup.ok());
  const auto status = [&](const std::string& file) {
    return ExplainTime(config, *setup, {.spec_file = file}).status();
  };
  EXPECT_EQ(status("/no/such/spec").code(), StatusCode::kNotFound);
  const std::string empty = WriteSpec(0, 20);
  EXPECT_EQ(status(empty).code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status(empty).message(), AllOf(HasSubstr(empty), HasSubstr("doctor --write-spec")));
  std::ofstream(empty) << "colour = red\n";
  EXPECT_THAT(status(empty).message(), AllOf(HasSubstr(empty), HasSubstr("colour")));
}

}  // namespace
}  // namespace lockstep::worker
