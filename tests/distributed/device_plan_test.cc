// SPDX-License-Identifier: Apache-2.0
// What `lockstep explain --device` says of a device that is not there.
#include "worker/report/device_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/device/known_specs.h"
#include "tests/distributed/small_runs.h"

namespace lockstep::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class DevicePlanTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(MakeSmallDataset({.train = 40, .test = 10}, folder_ / "data").ok());
    config_ = SmallConfig(folder_ / "data", "", "convnet-bn", 4, 8);
  }

  TestFolder folder_;
  worker::TrainConfig config_;
};

TEST_F(DevicePlanTest, SaysOfEachOpWhetherItHasAKernelAndWhatMemoryARankTakes) {
  const auto spec = FindDeviceSpec("h200.spec");
  ASSERT_TRUE(spec.ok()) << spec.status();
  const auto text = worker::ExplainForDevice(config_, *spec);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(*text,
              AllOf(HasSubstr("plans for NVIDIA H200, sm_90, 132 multiprocessors"),
                    HasSubstr("data sheet"), HasSubstr("\nsgd "), HasSubstr("ops have"),
                    HasSubstr("which fits into 139.8 GiB"), HasSubstr("ms at least, in fp32")));
  EXPECT_THAT(*text, HasSubstr("reference kernels run on a CPU only"));
}

TEST_F(DevicePlanTest, ACpuHasAKernelOfEveryOpAndNothingIsExpanded) {
  const auto text = worker::ExplainForDevice(config_, ReferenceCpuSpec());
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(*text, AllOf(HasSubstr("\n0 of "), HasSubstr("with the workspaces of kernels"),
                           Not(HasSubstr("stands as its parts")), Not(HasSubstr("none"))));
}

TEST_F(DevicePlanTest, SaysWhatDoesNotFit) {
  DeviceSpec spec = *FindDeviceSpec("h100");
  spec.memory_bytes = 1000;
  const auto text = worker::ExplainForDevice(config_, spec);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(*text, HasSubstr("which does not fit into"));
}

}  // namespace
}  // namespace lockstep::tests
