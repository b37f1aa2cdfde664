// SPDX-License-Identifier: Apache-2.0
// CudaDevice and its streams on the fake plugin: order, events, accounts, and every call failed.
#include "base/device/cuda/cuda_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <vector>

#include "base/device/cuda/cuda_loader.h"
#include "ops/core/gpu_plan.h"
#include "ops/core/testing/fake_cuda.h"

namespace lockstep::ops {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Deadline Soon() { return Deadline::In(std::chrono::minutes(2)); }

class CudaDeviceTest : public ::testing::Test {
 protected:
  std::unique_ptr<CudaDevice> Open() {
    auto device = CudaDevice::Open(fake_.table());
    EXPECT_TRUE(device.ok()) << device.status().ToString();
    return *std::move(device);
  }
  static DeviceBuffer Take(CudaDevice* device, size_t bytes) {
    auto buffer = device->Allocate(MemoryKind::kDevice, bytes, "a test");
    EXPECT_TRUE(buffer.ok()) << buffer.status().ToString();
    return *std::move(buffer);
  }
  static std::unique_ptr<Stream> StreamOf(CudaDevice* device) {
    auto stream = device->MakeStream("work", 0);
    EXPECT_TRUE(stream.ok()) << stream.status().ToString();
    return *std::move(stream);
  }
  std::string OpenMessage() { return CudaDevice::Open(fake_.table()).status().message(); }

  FakeCuda fake_;
};

TEST_F(CudaDeviceTest, TellsWhatItIs) {
  const auto device = Open();
  EXPECT_EQ(device->spec().kind, DeviceKind::kCuda);
  EXPECT_EQ(device->spec().isa, "sm_90");
  EXPECT_EQ(device->spec().sm_count, 2);
  EXPECT_EQ(device->spec().buffer_alignment, 256);
  EXPECT_FALSE(device->host_addressable());
}

TEST_F(CudaDeviceTest, SaysInOneLineWhyThereIsNoGpuAndWhatToDo) {
  fake_.SetDriver(LOCKSTEP_CUDA_NO_DRIVER, 0, 0);
  EXPECT_THAT(OpenMessage(), AllOf(HasSubstr("no NVIDIA driver"), HasSubstr("run.device")));
  fake_.SetDriver(LOCKSTEP_CUDA_OLD_DRIVER, 0, 12040);
  EXPECT_THAT(OpenMessage(), AllOf(HasSubstr("for CUDA 12.4; expected 13.0"), HasSubstr("580")));
  fake_.SetDriver(0, 0, LOCKSTEP_CUDA_LEAST_DRIVER);
  EXPECT_THAT(OpenMessage(), AllOf(HasSubstr("no GPU"), HasSubstr("CUDA_VISIBLE_DEVICES")));
  fake_.SetDriver(999, 0, LOCKSTEP_CUDA_LEAST_DRIVER);
  EXPECT_THAT(OpenMessage(), AllOf(HasSubstr("does not start"), HasSubstr("999")));
  fake_.SetDriver(0, 2, LOCKSTEP_CUDA_LEAST_DRIVER);
  EXPECT_THAT(CudaDevice::Open(fake_.table(), 2).status().message(),
              HasSubstr("GPU 2 was asked for; this process may use 2"));
  fake_.SetSm(75);
  EXPECT_THAT(OpenMessage(), AllOf(HasSubstr("Fake GPU is sm_75"), HasSubstr("sm_80")));
}

TEST_F(CudaDeviceTest, CopiesToTheDeviceAndBack) {
  const auto device = Open();
  const auto stream = StreamOf(device.get());
  DeviceBuffer there = Take(device.get(), 1000);
  std::vector<char> from(1000, 'x'), to(1000, 0);
  stream->Copy(there.data(), from.data(), 1000);
  stream->Fill(static_cast<char*>(there.data()) + 10, 'y', 20);
  stream->Copy(to.data(), there.data(), 1000);
  ASSERT_EQ(stream->Record()->Wait(Soon()).ToString(), "ok");
  EXPECT_EQ(std::string(to.data(), 40),
            std::string(10, 'x') + std::string(20, 'y') + std::string(10, 'x'));
  EXPECT_EQ(to.back(), 'x');
}

TEST_F(CudaDeviceTest, MemoryOfTheDeviceIsBehindAWall) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto device = Open();
  DeviceBuffer there = Take(device.get(), 64);
  EXPECT_DEATH(static_cast<volatile char*>(there.data())[0] = 1, "");
}

TEST_F(CudaDeviceTest, CountsMemoryByPurposeAndSaysItWhereThereIsNone) {
  const auto device = Open();
  fake_.SetMemory(uint64_t{8} << 20);
  const auto arena = device->Allocate(MemoryKind::kDevice, size_t{5} << 20, "arena");
  ASSERT_TRUE(arena.ok());
  EXPECT_EQ(device->memory()->ours.at("arena"), int64_t{5} << 20);
  EXPECT_EQ(device->memory()->free_bytes, int64_t{3} << 20);
  EXPECT_THAT(
      device->Allocate(MemoryKind::kDevice, size_t{4} << 20, "gradients").status().message(),
      AllOf(HasSubstr("gradients"), HasSubstr("3 MiB of 8 MiB are free"),
            HasSubstr("arena 5 MiB")));
}

TEST_F(CudaDeviceTest, AStreamWaitsForAnEventOfAnother) {
  const auto device = Open();
  const auto first = StreamOf(device.get()), second = StreamOf(device.get());
  std::atomic<bool> go = false;
  std::atomic<int> order = 0;
  first->Enqueue([&] {
    go.wait(false);
    order = 1;
    return OkStatus();
  });
  second->WaitFor(first->Record());
  const EventPtr done = second->Enqueue([&] {
    if (order != 1) return Internal("ran before the event");
    order = 2;
    return OkStatus();
  });
  EXPECT_FALSE(done->Done());
  EXPECT_EQ(done->Wait(Deadline::In(std::chrono::milliseconds(1))).code(),
            StatusCode::kDeadlineExceeded);
  go = true;
  go.notify_all();
  EXPECT_EQ(done->Wait(Soon()).ToString(), "ok");
  EXPECT_EQ(order, 2);
}

TEST_F(CudaDeviceTest, AFailureFailsWhatComesAfterAndNothingBefore) {
  const auto device = Open();
  const auto first = StreamOf(device.get()), second = StreamOf(device.get());
  const EventPtr before = first->Enqueue([] { return OkStatus(); });
  const EventPtr failed = first->Enqueue([] { return Internal("broke"); });
  second->WaitFor(failed);
  const EventPtr other = second->Record();
  EXPECT_EQ(failed->Wait(Soon()).message(), "broke");
  EXPECT_EQ(before->Wait(Soon()).ToString(), "ok");
  std::atomic<bool> ran = false;
  const EventPtr after = first->Enqueue([&] {
    ran = true;
    return OkStatus();
  });
  EXPECT_EQ(after->Wait(Soon()).message(), "broke");
  EXPECT_FALSE(ran);
  EXPECT_EQ(other->Wait(Soon()).message(), "broke");
}

TEST_F(CudaDeviceTest, AKernelIsFoundByNameAndParameters) {
  const auto device = Open();
  const GpuParameter pointer = {8, true}, number = {8, false}, small = {4, false};
  EXPECT_TRUE(device->FindKernel("relu_f32", std::vector{pointer, pointer, number}).ok());
  EXPECT_THAT(device->FindKernel("relu_f16", {}).status().message(),
              HasSubstr("no kernel relu_f16"));
  EXPECT_THAT(
      device->FindKernel("relu_f32", std::vector{pointer, pointer, small}).status().message(),
      HasSubstr("takes parameters of (8, 8, 8) bytes; the launch gives (8, 8, 4)"));
}

// All that a small piece of work does with a device, or the first failure.
Status Work(const lockstep_cuda* table) {
  ASSIGN_OR_RETURN(const auto device, CudaDevice::Open(table));
  ASSIGN_OR_RETURN(
      const auto kernel,
      device->FindKernel("relu_f32", std::vector<GpuParameter>{{8, true}, {8, true}, {8, false}}));
  ASSIGN_OR_RETURN(DeviceBuffer x, device->Allocate(MemoryKind::kDevice, 256, "x"));
  ASSIGN_OR_RETURN(DeviceBuffer pinned, device->Allocate(MemoryKind::kPinned, 256, "report"));
  ASSIGN_OR_RETURN(const auto first, device->MakeStream("first", 0));
  ASSIGN_OR_RETURN(const auto second, device->MakeStream("second", 1));
  RETURN_IF_ERROR(device->memory().status());
  first->Fill(x.data(), 0, 256);
  const void* const pointer = x.data();
  const int64_t n = 64;
  const void* const parameters[] = {&pointer, &pointer, &n};
  RETURN_IF_ERROR(static_cast<GpuStream&>(*first).Launch(*kernel, GridFor(n), parameters));
  second->WaitFor(first->Record());
  second->Copy(pinned.data(), x.data(), 256);
  return second->Enqueue([] { return OkStatus(); })->Wait(Soon());
}

TEST_F(CudaDeviceTest, EveryCallThatFailsIsNamedAndNothingIsLeaked) {
  ASSERT_EQ(Work(fake_.table()).ToString(), "ok");
  ASSERT_EQ(fake_.Alive(), 0);
  const char* const calls[] = {
      "device_info", "use_device", "find_kernel", "allocate", "make_stream", "memory",    "fill",
      "launch",      "make_event", "record",      "wait",     "copy",        "call_host", "query"};
  for (const char* const call : calls) {
    ASSERT_GT(fake_.CallsOf(call), 0) << call;
    fake_.FailCall(call, 1, 700);
    const Status status = Work(fake_.table());
    EXPECT_THAT(status.message(), AllOf(HasSubstr(call), HasSubstr("700"))) << call;
    EXPECT_EQ(fake_.Alive(), 0) << call;
  }
}

}  // namespace
}  // namespace lockstep::ops
