// SPDX-License-Identifier: Apache-2.0
#include "base/aligned_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>

namespace lockstep {
namespace {

TEST(AlignedBufferTest, StandsOnA64ByteBoundary) {
  for (size_t bytes : {1u, 63u, 64u, 65u, 100000u}) {
    auto buffer = AlignedBuffer::Make(bytes);
    ASSERT_TRUE(buffer.ok()) << buffer.status();
    EXPECT_EQ(buffer->size(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->data()) % AlignedBuffer::kAlignment, 0u);
    std::memset(buffer->data(), 1, bytes);
  }
}

TEST(AlignedBufferTest, ALargeOneStandsWhereHugePagesCan) {
  constexpr size_t kHugePage = size_t{2} << 20, kBytes = 9 * kHugePage / 2 + 5;
  auto buffer = AlignedBuffer::Make(kBytes);
  ASSERT_TRUE(buffer.ok()) << buffer.status();
  EXPECT_EQ(buffer->size(), kBytes);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->data()) % kHugePage, 0u);
  std::memset(buffer->data(), 1, kBytes);
}

TEST(AlignedBufferTest, NoBytesAreAnEmptyBuffer) {
  EXPECT_EQ(AlignedBuffer::Make(0)->size(), 0u);
  EXPECT_EQ(AlignedBuffer().data(), nullptr);
}

TEST(AlignedBufferTest, MoreThanThereIsIsResourceExhausted) {
  // The second number wraps around when it is rounded up to the alignment.
  for (size_t bytes : {size_t{1} << 62, std::numeric_limits<size_t>::max() - 3}) {
    const Status status = AlignedBuffer::Make(bytes).status();
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
    EXPECT_THAT(status.message(), ::testing::HasSubstr(std::to_string(bytes)));
  }
}

TEST(AlignedBufferTest, MovesItsMemory) {
  auto buffer = AlignedBuffer::Make(64);
  const void* const data = buffer->data();
  const AlignedBuffer moved = *std::move(buffer);
  EXPECT_EQ(moved.data(), data);
}

}  // namespace
}  // namespace lockstep
