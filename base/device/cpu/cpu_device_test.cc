// SPDX-License-Identifier: Apache-2.0
#include "base/device/cpu/cpu_device.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/device/memory_access.h"

namespace lockstep {
namespace {

TEST(CpuDeviceTest, AllItsMemoryIsTheHosts) {
  CpuDevice device(ReferenceCpuSpec());
  EXPECT_TRUE(device.host_addressable());
  for (const MemoryKind kind : {MemoryKind::kHost, MemoryKind::kPinned, MemoryKind::kDevice}) {
    Result<DeviceBuffer> buffer = device.Allocate(kind, 100, "arena");
    ASSERT_TRUE(buffer.ok()) << buffer.status();
    static_cast<char*>(buffer->data())[99] = 1;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->data()) % 64, 0u);
    EXPECT_EQ(device.memory()->ours.at("arena"), 100);
  }
  EXPECT_TRUE(device.memory()->ours.empty());
  EXPECT_EQ(device.Allocate(MemoryKind::kDevice, 0, "nothing")->data(), nullptr);
}

TEST(CpuDeviceTest, WhatIsRefusedNamesItsPurpose) {
  CpuDevice device(ReferenceCpuSpec());
  const auto buffer = device.Allocate(MemoryKind::kDevice, size_t{1} << 60, "arena");
  ASSERT_FALSE(buffer.ok());
  EXPECT_EQ(buffer.status().code(), StatusCode::kResourceExhausted);
  EXPECT_NE(buffer.status().message().find("arena"), std::string::npos) << buffer.status();
}

TEST(CpuDeviceTest, StreamsCopyFillAndWait) {
  CpuDevice device(ReferenceCpuSpec());
  const auto one = device.MakeStream("one", 0), two = device.MakeStream("two", 0);
  ASSERT_TRUE(one.ok() && two.ok());
  std::vector<char> a(100, 1), b(100, 2), c(100, 3);
  (*one)->Copy(b.data(), a.data(), 50);
  (*one)->Fill(b.data(), 7, 10);
  (*two)->WaitFor((*one)->Record());
  (*two)->Copy(c.data(), b.data(), 100);
  ASSERT_TRUE((*two)->Record()->Wait(Deadline::In(std::chrono::seconds(60))).ok());
  for (size_t i = 0; i < 100; ++i) EXPECT_EQ(c[i], i < 10 ? 7 : i < 50 ? 1 : 2) << i;
}

TEST(MemoryAccessTest, IsDoneAtOnceWhereTheHostMayTouchTheMemory) {
  CpuDevice device(ReferenceCpuSpec());
  const MemoryAccess memory(device, nullptr);
  std::vector<char> a(10, 1), b(10, 2);
  memory.Copy(b.data(), a.data(), 5);
  memory.Fill(b.data(), 3, 2);
  EXPECT_EQ(b, (std::vector<char>{3, 3, 1, 1, 1, 2, 2, 2, 2, 2}));
  EXPECT_TRUE(memory.Wait().ok());
  EXPECT_TRUE(memory.at_once());
}

}  // namespace
}  // namespace lockstep
