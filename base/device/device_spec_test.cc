// SPDX-License-Identifier: Apache-2.0
#include "base/device/device_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::HasSubstr;

TEST(DeviceSpecTest, TextRoundTrips) {
  DeviceSpec gpu;
  gpu.kind = DeviceKind::kCuda;
  gpu.name = "A GPU = with an equals sign";
  gpu.isa = "sm_90";
  gpu.threads = 7;
  gpu.memory_bytes = int64_t{150} << 30;
  gpu.workspace_cap = 12345;
  gpu.cores = 132;
  gpu.gflops = 1.0 / 3.0;  // no short decimal
  gpu.gbytes_per_second = 4.8e3;
  for (const DeviceSpec& spec : {DeviceSpec(), ReferenceCpuSpec(), gpu}) {
    const auto parsed = DeviceSpec::FromText(spec.ToText());
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, spec) << spec.ToText();
  }
}

TEST(DeviceSpecTest, ThreadsAreOneWhereTheTextSaysNothingAndAtMost1024) {
  const auto threads = [](const char* text) { return DeviceSpec::FromText(text)->threads; };
  EXPECT_EQ(threads("kind = cpu\n"), 1);
  EXPECT_EQ(threads("threads = 1\n"), 1);
  EXPECT_EQ(threads("threads = 1024\n"), 1024);
}

TEST(DeviceSpecTest, TheReferenceCpuTakesReferenceKernelsOnly) {
  EXPECT_EQ(ReferenceCpuSpec().kind, DeviceKind::kCpu);
  EXPECT_TRUE(ReferenceCpuSpec().reference_kernels_only);
}

TEST(DeviceSpecTest, EveryKindOfBadLineIsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {"no equals sign\n", "expected 'key = value'"},
      {"colour = red\n", "unknown key 'colour'"},
      {"kind = tpu\n", "expected cpu or cuda"},
      {"memory_bytes = 12x\n", "expected an integer"},
      {"memory_bytes = 99999999999999999999\n", "expected an integer"},
      {"reference_kernels_only = yes\n", "expected true or false"},
      {"threads = two\n", "expected an integer"},
      {"threads = 0\n", "threads is 0; expected 1 to 1024"},
      {"threads = 1025\n", "threads is 1025; expected 1 to 1024"},
      {"cores = -1\n", "expected 0 to 1048576"},
      {"gflops = nan\n", "expected a number, at least 0"},
      {"gflops = -1\n", "expected a number, at least 0"},
      {"gbytes_per_second = 12 GB\n", "expected a number, at least 0"},
  };
  for (const auto& [text, message] : cases) {
    const Status status = DeviceSpec::FromText(text).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(status.message(), HasSubstr(message));
  }
}

}  // namespace
}  // namespace lockstep
