// SPDX-License-Identifier: Apache-2.0
#include "base/floating_point_state.h"

#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <limits>

namespace lockstep {
namespace {

constexpr unsigned kFlushToZeroRoundUp = 0x1f80 | 0x8000 | 0x4000;

double HalfOfSmallestNormal() {
  volatile double smallest = std::numeric_limits<double>::min();
  return smallest * 0.5;
}

TEST(FloatingPointStateTest, ScopeSetsTheStandardStateAndRestoresTheFormerOne) {
  const unsigned former = _mm_getcsr();
  _mm_setcsr(kFlushToZeroRoundUp);
  EXPECT_FALSE(HasStandardFloatingPointState());
  EXPECT_EQ(HalfOfSmallestNormal(), 0.0);
  {
    const ScopedFloatingPointState state;
    EXPECT_TRUE(HasStandardFloatingPointState());
    EXPECT_GT(HalfOfSmallestNormal(), 0.0);
  }
  EXPECT_EQ(_mm_getcsr() & 0xffc0, kFlushToZeroRoundUp);
  SetFloatingPointState();
  EXPECT_TRUE(HasStandardFloatingPointState());
  _mm_setcsr(former);
}

}  // namespace
}  // namespace lockstep
