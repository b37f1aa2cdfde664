// SPDX-License-Identifier: Apache-2.0
#include "worker/device/make_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/device/host_spec.h"

namespace lockstep::worker {
namespace {

using ::testing::HasSubstr;

TEST(MakeDevice, KnowsEveryDeviceByItsName) {
  EXPECT_THAT(DeviceNames(), testing::ElementsAre("cpu", "emulated"));
  for (const std::string& name : DeviceNames()) {
    const auto device = MakeDevice({.name = name});
    ASSERT_TRUE(device.ok()) << device.status();
    EXPECT_EQ((*device)->spec(), *HostCpuSpec("native", 1))
        << "the emulated device is a CPU like this one";
    EXPECT_EQ((*device)->host_addressable(), name == "cpu");
  }
}

TEST(MakeDevice, AutoIsTheCpu) {
  const auto device = MakeDevice({.name = "auto", .reference_kernels = true});
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_TRUE((*device)->host_addressable());
  EXPECT_EQ((*device)->spec(), ReferenceHostSpec());
}

TEST(MakeDevice, RefusesANameThatNoDeviceHas) {
  const auto device = MakeDevice({.name = "abacus"});
  ASSERT_FALSE(device.ok());
  EXPECT_EQ(device.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(device.status().message(),
              testing::AllOf(HasSubstr("'abacus'"), HasSubstr("cpu, emulated")));
}

}  // namespace
}  // namespace lockstep::worker
