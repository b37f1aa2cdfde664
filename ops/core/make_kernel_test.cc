// SPDX-License-Identifier: Apache-2.0
// CPU kernels behind the wall: what they are given must be the device's, whole and alive.
#include "ops/core/make_kernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/check.h"
#include "base/device/emulated/emulated_device.h"
#include "base/device/memory_access.h"
#include "ops/core/op.h"
#include "ops/core/reference_kernel.h"
#include "ops/core/registry.h"

namespace lockstep::ops {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr size_t kElements = 6, kBytes = kElements * sizeof(float);

class MakeKernelTest : public testing::Test {
 protected:
  MakeKernelTest() {
    const TensorType type{DType::kFloat32, {kElements}};
    const NodeSpec node{OpRegistry::Global().Find("relu"), {}, {type}, {type}, "block/relu"};
    const ReferenceKernelFamily family;
    const auto candidates = family.Candidates(node, ReferenceCpuSpec());
    CHECK(candidates.ok()) << candidates.status();
    auto kernel = MakeKernel(family, node, candidates->front(), &device_);
    CHECK(kernel.ok()) << kernel.status();
    kernel_ = *std::move(kernel);
    auto stream = device_.MakeStream("s", 0);
    CHECK(stream.ok());
    stream_ = *std::move(stream);
  }

  DeviceBuffer Buffer(MemoryKind kind, size_t bytes = kBytes) {
    auto buffer = device_.Allocate(kind, bytes, "test");
    CHECK(buffer.ok()) << buffer.status();
    return *std::move(buffer);
  }
  Status RunAndWait(const void* in, void* out) {
    const void* const ins[] = {in};
    void* const outs[] = {out};
    RETURN_IF_ERROR(kernel_->Run({.in = ins, .out = outs}, stream_.get()));
    return MemoryAccess(device_, stream_.get()).Wait();
  }

  EmulatedDevice device_{ReferenceCpuSpec()};
  std::unique_ptr<Kernel> kernel_;
  std::unique_ptr<Stream> stream_;
};

TEST_F(MakeKernelTest, ComputesBehindTheWall) {
  DeviceBuffer x = Buffer(MemoryKind::kDevice), y = Buffer(MemoryKind::kDevice);
  const MemoryAccess memory(device_, stream_.get());
  const std::vector<float> sent = {-2, -1, 0, 1, 2, 3};
  std::vector<float> received(kElements);
  memory.Copy(x.data(), sent.data(), kBytes);
  ASSERT_TRUE(RunAndWait(x.data(), y.data()).ok());
  ASSERT_TRUE(memory.CopyAndWait(received.data(), y.data(), kBytes).ok());
  EXPECT_EQ(received, (std::vector<float>{0, 0, 0, 1, 2, 3}));
  EXPECT_EQ(device_.counts().launches, 1);
}

TEST_F(MakeKernelTest, ReadsAndWritesPinnedMemoryToo) {
  DeviceBuffer x = Buffer(MemoryKind::kPinned), y = Buffer(MemoryKind::kPinned);
  std::fill_n(static_cast<float*>(x.data()), kElements, 5.0f);
  ASSERT_TRUE(RunAndWait(x.data(), y.data()).ok());
  EXPECT_EQ(static_cast<float*>(y.data())[kElements - 1], 5.0f);
}

TEST_F(MakeKernelTest, RefusesMemoryOfTheHostNamingLayerAndOp) {
  DeviceBuffer y = Buffer(MemoryKind::kDevice);
  DeviceBuffer host = Buffer(MemoryKind::kHost);
  EXPECT_THAT(RunAndWait(host.data(), y.data()).message(),
              AllOf(HasSubstr("relu"), HasSubstr("block/relu"), HasSubstr("in no buffer")));
}

TEST_F(MakeKernelTest, RefusesABufferThatIsTooShort) {
  DeviceBuffer x = Buffer(MemoryKind::kDevice), y = Buffer(MemoryKind::kDevice, kBytes - 1);
  EXPECT_THAT(RunAndWait(x.data(), y.data()).message(),
              HasSubstr("24 bytes that go beyond the end"));
}

TEST_F(MakeKernelTest, RefusesABufferThatWasFreedBeforeItsTurn) {
  DeviceBuffer y = Buffer(MemoryKind::kDevice);
  device_.Hold("s");
  {
    DeviceBuffer x = Buffer(MemoryKind::kDevice);
    const void* const ins[] = {x.data()};
    void* const outs[] = {y.data()};
    ASSERT_TRUE(kernel_->Run({.in = ins, .out = outs}, stream_.get()).ok());
  }
  device_.Release("s");
  EXPECT_THAT(MemoryAccess(device_, stream_.get()).Wait().message(), HasSubstr("freed before"));
}

TEST_F(MakeKernelTest, AKernelMayGoBeforeTheRunsItEnqueued) {
  DeviceBuffer x = Buffer(MemoryKind::kPinned), y = Buffer(MemoryKind::kPinned);
  std::fill_n(static_cast<float*>(x.data()), kElements, -5.0f);
  const void* const ins[] = {x.data()};
  void* const outs[] = {y.data()};
  device_.Hold("s");
  ASSERT_TRUE(kernel_->Run({.in = ins, .out = outs}, stream_.get()).ok());
  kernel_.reset();
  device_.Release("s");
  ASSERT_TRUE(MemoryAccess(device_, stream_.get()).Wait().ok());
  EXPECT_EQ(static_cast<float*>(y.data())[0], 0.0f);
}

}  // namespace
}  // namespace lockstep::ops
