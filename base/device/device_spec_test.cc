// SPDX-License-Identifier: Apache-2.0
#include "base/device/device_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/device/known_specs.h"

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
  gpu.origin = "a data sheet";
  gpu.buffer_alignment = 256;
  gpu.sm_count = 132;
  gpu.driver_version = 13000;
  gpu.cudnn_version = 91900;
  gpu.cublaslt_version = 130100;
  gpu.nccl_version = 22809;
  gpu.context_bytes = int64_t{500} << 20;
  gpu.gflops_16bit = 989.4e3;
  gpu.cudnn_device_json = R"({"deviceVer":900,"deviceName":"A = B"})";
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

TEST(DeviceSpecTest, SpecsOfKnownGpusAreInTheTreeAndSayThatTheyAreFromDataSheets) {
  const auto names = KnownDeviceSpecs();
  EXPECT_THAT(names, testing::ElementsAre("h100", "h200"));
  for (const std::string& name : names) {
    const auto spec = FindDeviceSpec(name);
    ASSERT_TRUE(spec.ok()) << spec.status();
    EXPECT_EQ(spec->kind, DeviceKind::kCuda);
    EXPECT_EQ(spec->isa, "sm_90");
    EXPECT_EQ(spec->sm_count, 132);
    EXPECT_EQ(spec->buffer_alignment, 256);
    EXPECT_TRUE(spec->origin.starts_with("data sheet")) << spec->origin;
    EXPECT_GT(spec->gflops_16bit, 10 * spec->gflops);
    const auto json = nlohmann::json::parse(spec->cudnn_device_json);
    EXPECT_EQ(json.size(), 23u) << "cuDNN refuses a description with fewer keys";
    EXPECT_EQ(json.at("deviceName"), spec->name);
    EXPECT_EQ(json.at("totalGlobalMem"), spec->memory_bytes);
    EXPECT_EQ(json.at("multiProcessorCount"), spec->sm_count);
    EXPECT_EQ(json.at("driverVer"), spec->driver_version);
    EXPECT_EQ(*FindDeviceSpec("base/device/specs/" + name + ".spec"), *spec) << "as a file";
    EXPECT_EQ(*FindDeviceSpec(name + ".spec"), *spec);
  }
  EXPECT_GT(FindDeviceSpec("h200")->memory_bytes, FindDeviceSpec("h100")->memory_bytes);
}

TEST(DeviceSpecTest, ASpecThatIsNotThereIsRefusedWithThoseThatAre) {
  const Status status = FindDeviceSpec("h300.spec").status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("h300.spec"));
  EXPECT_THAT(status.message(), HasSubstr("h100, h200"));
  EXPECT_EQ(FindDeviceSpec("base").status().code(), StatusCode::kIoError) << "a folder";
  const auto foreign = FindDeviceSpec("base/device/device_spec.h");
  EXPECT_EQ(foreign.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(foreign.status().message(), HasSubstr("base/device/device_spec.h"));
}

TEST(DeviceSpecTest, LinesOfCommentArePassedOver) {
  const auto spec = DeviceSpec::FromText("# kind = tpu\n\nkind = cuda\n#\nname = #1\n");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->kind, DeviceKind::kCuda);
  EXPECT_EQ(spec->name, "#1");
}

TEST(DeviceSpecTest, ACpusTextSaysNothingOfGpus) {
  EXPECT_EQ(ReferenceCpuSpec().ToText().find("driver_version"), std::string::npos);
  EXPECT_EQ(ReferenceCpuSpec().buffer_alignment, 64);
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
      {"memory_bytes = -1\n", "memory_bytes is -1; expected 0 to"},
      {"buffer_alignment = 32\n", "expected 64 to 1048576"},
      {"buffer_alignment = 192\n", "expected a power of two"},
      {"sm_count = x\n", "expected an integer"},
      {"gflops_16bit = inf\n", "expected a number, at least 0"},
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
