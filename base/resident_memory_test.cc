// SPDX-License-Identifier: Apache-2.0
#include "base/resident_memory.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/aligned_buffer.h"

namespace lockstep {
namespace {

TEST(ResidentMemoryTest, WhatIsTouchedIsSeenAndThePeakRemembersIt) {
  constexpr int64_t kBytes = int64_t{64} << 20;
  const ResidentMemory before = ReadResidentMemory();
  ASSERT_GT(before.now, 0);
  EXPECT_GE(before.peak, before.now);
  {
    auto buffer = AlignedBuffer::Make(kBytes);
    ASSERT_TRUE(buffer.ok()) << buffer.status();
    std::memset(buffer->data(), 1, kBytes);
    EXPECT_GE(ReadResidentMemory().now, before.now + kBytes / 2);
  }
  EXPECT_GE(ReadResidentMemory().peak, before.now + kBytes / 2);
}

}  // namespace
}  // namespace lockstep
