// SPDX-License-Identifier: Apache-2.0
// The emulated device: its wall, its streams, its accounts, and its failures.
#include "base/device/emulated/emulated_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <numeric>
#include <vector>

#include "base/device/memory_access.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

constexpr auto kLong = std::chrono::seconds(60);  // never reached unless the code is wrong

DeviceSpec Spec(int64_t memory_bytes = 0) {
  DeviceSpec spec = ReferenceCpuSpec();
  spec.memory_bytes = memory_bytes;
  return spec;
}

class EmulatedDeviceTest : public testing::Test {
 protected:
  DeviceBuffer Buffer(MemoryKind kind, size_t bytes) {
    Result<DeviceBuffer> buffer = device_.Allocate(kind, bytes, "test");
    CHECK(buffer.ok()) << buffer.status();
    return *std::move(buffer);
  }
  std::unique_ptr<Stream> MakeStream(const std::string& name) {
    Result<std::unique_ptr<Stream>> stream = device_.MakeStream(name, 0);
    CHECK(stream.ok()) << stream.status();
    return *std::move(stream);
  }

  EmulatedDevice device_{Spec()};
};

TEST_F(EmulatedDeviceTest, BytesGoBehindTheWallAndComeBack) {
  std::vector<char> sent(10'000), received(sent.size(), 0);
  std::iota(sent.begin(), sent.end(), 0);
  DeviceBuffer a = Buffer(MemoryKind::kDevice, sent.size());
  DeviceBuffer b = Buffer(MemoryKind::kDevice, sent.size());
  const auto stream = MakeStream("s");
  const MemoryAccess memory(device_, stream.get());
  memory.Copy(a.data(), sent.data(), sent.size());
  memory.Copy(b.data(), a.data(), sent.size());
  memory.Fill(static_cast<char*>(b.data()) + 10, 0x5a, 20);
  ASSERT_TRUE(memory.CopyAndWait(received.data(), b.data(), received.size()).ok());
  std::fill_n(sent.begin() + 10, 20, 0x5a);
  EXPECT_EQ(received, sent);
  const EmulatedCounts counts = device_.counts();
  EXPECT_EQ(counts.copies, 3);
  EXPECT_EQ(counts.copied_bytes, 30'000);
  EXPECT_EQ(counts.fills, 1);
  EXPECT_EQ(counts.host_waits, 1);
}

TEST_F(EmulatedDeviceTest, NewMemoryIsAlignedAsTheSpecSays) {
  for (const MemoryKind kind : {MemoryKind::kHost, MemoryKind::kPinned, MemoryKind::kDevice}) {
    const DeviceBuffer buffer = Buffer(kind, 100);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % 64, 0u) << NameOf(kind);
    EXPECT_EQ(buffer.size(), 100u);
    EXPECT_EQ(buffer.kind(), kind);
  }
  EXPECT_EQ(Buffer(MemoryKind::kDevice, 0).data(), nullptr);
}

using EmulatedDeviceDeathTest = EmulatedDeviceTest;

TEST_F(EmulatedDeviceDeathTest, AHostThatReadsDeviceMemoryDies) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  DeviceBuffer buffer = Buffer(MemoryKind::kDevice, 100);
  EXPECT_DEATH(
      {
        const volatile char byte = static_cast<volatile char*>(buffer.data())[99];
        (void)byte;
      },
      "");
}

TEST_F(EmulatedDeviceDeathTest, AHostThatWritesDeviceMemoryDies) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  DeviceBuffer buffer = Buffer(MemoryKind::kDevice, 100);
  EXPECT_DEATH({ static_cast<volatile char*>(buffer.data())[0] = 1; }, "");
}

TEST_F(EmulatedDeviceTest, PinnedAndHostMemoryIsTheHosts) {
  for (const MemoryKind kind : {MemoryKind::kHost, MemoryKind::kPinned}) {
    DeviceBuffer buffer = Buffer(kind, 100);
    static_cast<char*>(buffer.data())[99] = 7;
    EXPECT_EQ(static_cast<char*>(buffer.data())[99], 7);
  }
}

TEST_F(EmulatedDeviceTest, WorkIsDoneAfterItWasEnqueuedAndInOrder) {
  const auto stream = MakeStream("held");
  device_.Hold("held");
  std::vector<int> order;  // written by the stream's thread only
  EventPtr last;
  for (int i = 0; i < 10; ++i) {
    last = stream->Enqueue([&order, i] {
      order.push_back(i);
      return OkStatus();
    });
  }
  EXPECT_FALSE(last->Done());
  EXPECT_EQ(last->Wait(Deadline::In(std::chrono::milliseconds(1))).code(),
            StatusCode::kDeadlineExceeded);
  device_.Release("held");
  ASSERT_TRUE(last->Wait(Deadline::In(kLong)).ok());
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST_F(EmulatedDeviceTest, AStreamWaitsForAnEventOfAnother) {
  const auto slow = MakeStream("slow"), fast = MakeStream("fast");
  device_.Hold("slow");
  int value = 0;  // whoever touches it is ordered by the event
  const EventPtr written = slow->Enqueue([&value] {
    value = 1;
    return OkStatus();
  });
  fast->WaitFor(written);
  int seen = -1;
  const EventPtr read = fast->Enqueue([&] {
    seen = value;
    return OkStatus();
  });
  EXPECT_FALSE(read->Done());
  device_.Release("slow");
  ASSERT_TRUE(read->Wait(Deadline::In(kLong)).ok());
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(device_.counts().host_waits, 1) << "the stream's wait is not the host's";
}

TEST_F(EmulatedDeviceTest, AFailedEventFailsTheStreamThatWaitsForIt) {
  const auto one = MakeStream("one"), two = MakeStream("two");
  two->WaitFor(one->Enqueue([] { return DataLoss("first"); }));
  EXPECT_EQ(two->Record()->Wait(Deadline::In(kLong)).message(), "first");
}

TEST_F(EmulatedDeviceTest, AStreamThatStandsStillCanBeDestroyed) {
  device_.Hold("held");
  auto stream = MakeStream("held");
  const EventPtr first = stream->Record(), second = stream->Record();
  const auto other = MakeStream("other");
  other->WaitFor(second);
  stream.reset();
  EXPECT_TRUE(first->Done() && second->Done());
  EXPECT_EQ(other->Record()->Wait(Deadline::In(kLong)).code(), StatusCode::kCancelled);
}

TEST_F(EmulatedDeviceTest, AWaitingStreamCanBeDestroyed) {
  device_.Hold("held");
  const auto held = MakeStream("held");
  auto waiting = MakeStream("waiting");
  waiting->WaitFor(held->Record());
  waiting.reset();  // would hang for ever
}

TEST_F(EmulatedDeviceTest, CountsBytesByPurpose) {
  {
    const auto a = device_.Allocate(MemoryKind::kDevice, 1000, "arena");
    const auto b = device_.Allocate(MemoryKind::kPinned, 24, "arena");
    const auto c = device_.Allocate(MemoryKind::kDevice, int64_t{3} << 20, "parameters");
    ASSERT_TRUE(a.ok() && b.ok() && c.ok());
    const Result<MemoryUse> use = device_.memory();
    ASSERT_TRUE(use.ok());
    EXPECT_EQ(use->ours.at("arena"), 1024);
    EXPECT_EQ(use->ours.at("parameters"), 3 << 20);
    EXPECT_EQ(use->OursText(), "parameters 3 MiB, arena 1024 bytes");
    EXPECT_EQ(use->free_bytes, use->total_bytes - 1024 - (3 << 20));
  }
  EXPECT_TRUE(device_.memory()->ours.empty());
}

TEST_F(EmulatedDeviceTest, SaysWhatItHasWhereMemoryEnds) {
  EmulatedDevice small(Spec(/*memory_bytes=*/10'000));
  const auto arena = small.Allocate(MemoryKind::kDevice, 9'000, "arena");
  ASSERT_TRUE(arena.ok());
  const auto more = small.Allocate(MemoryKind::kDevice, 2'000, "gradients");
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.status().code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(more.status().message(),
              testing::AllOf(HasSubstr("2000 bytes of gradients"), HasSubstr("1000 of 10000"),
                             HasSubstr("arena 9000 bytes")));
}

TEST_F(EmulatedDeviceTest, WorkOnMemoryThatIsNotTheDevicesFails) {
  const auto stream = MakeStream("s");
  std::vector<char> host(100);
  stream->Fill(host.data(), 1, host.size());
  EXPECT_THAT(stream->Record()->Wait(Deadline::In(kLong)).message(),
              HasSubstr("in no buffer of the device"));
}

TEST_F(EmulatedDeviceTest, WorkThatGoesBeyondABufferFails) {
  DeviceBuffer buffer = Buffer(MemoryKind::kDevice, 100);
  std::vector<char> host(101);
  for (const bool fill : {true, false}) {
    const auto stream = MakeStream("s");
    if (fill) {
      stream->Fill(buffer.data(), 1, 101);
    } else {
      stream->Copy(buffer.data(), host.data(), 101);
    }
    EXPECT_THAT(stream->Record()->Wait(Deadline::In(kLong)).message(),
                HasSubstr("beyond the end of a buffer"));
  }
}

TEST_F(EmulatedDeviceTest, WorkOnMemoryThatWasFreedFails) {
  const auto stream = MakeStream("s");
  device_.Hold("s");
  {
    DeviceBuffer buffer = Buffer(MemoryKind::kDevice, 100);
    stream->Fill(buffer.data(), 1, 100);
  }
  device_.Release("s");
  EXPECT_THAT(stream->Record()->Wait(Deadline::In(kLong)).message(),
              HasSubstr("freed before the work was done"));
}

// One of each call, in this order; returns the first failure.
Status CallEach(EmulatedDevice* device) {
  std::vector<char> host(64, 1);
  ASSIGN_OR_RETURN(DeviceBuffer buffer, device->Allocate(MemoryKind::kDevice, 64, "test"));
  ASSIGN_OR_RETURN(const auto other, device->MakeStream("other", 0));
  ASSIGN_OR_RETURN(const auto stream, device->MakeStream("stream", 0));
  stream->Copy(buffer.data(), host.data(), 64);
  stream->Fill(buffer.data(), 2, 32);
  stream->WaitFor(other->Record());
  stream->Enqueue([] { return OkStatus(); });
  RETURN_IF_ERROR(
      static_cast<EmulatedStream*>(stream.get())->Launch("a kernel", [] { return OkStatus(); }));
  RETURN_IF_ERROR(stream->Record()->Wait(Deadline::In(kLong)));
  return device->memory().status();
}

TEST_F(EmulatedDeviceTest, EveryCallCanFailAndItsFailureNamesIt) {
  const char* const names[] = {"Allocate of 64 bytes of device memory for test",
                               "MakeStream 'other'",
                               "MakeStream 'stream'",
                               "Copy of 64 bytes on stream 'stream'",
                               "Fill of 32 bytes on stream 'stream'",
                               "Record on stream 'other'",
                               "WaitFor on stream 'stream'",
                               "Enqueue on stream 'stream'",
                               "Launch of a kernel on stream 'stream'",
                               "Record on stream 'stream'",
                               "Wait for an event of stream 'stream'",
                               "memory"};
  ASSERT_TRUE(CallEach(&device_).ok());
  ASSERT_EQ(device_.counts().calls, static_cast<int64_t>(std::size(names)));
  for (size_t i = 0; i < std::size(names); ++i) {
    device_.FailCall(static_cast<int64_t>(i) + 1);
    const Status status = CallEach(&device_);
    device_.FailCall(0);
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << names[i];
    EXPECT_THAT(status.message(), HasSubstr(names[i]));
    EXPECT_TRUE(device_.memory()->ours.empty()) << names[i];
  }
  EXPECT_TRUE(CallEach(&device_).ok());
}

}  // namespace
}  // namespace lockstep
