// SPDX-License-Identifier: Apache-2.0
#include "base/terminal.h"

#include <cstdlib>

#include "gtest/gtest.h"

namespace lockstep {
namespace {

TEST(Terminal, AnErasedLineIsBlankedWhereEscapesAreNotWanted) {
  ASSERT_EQ(::setenv("NO_COLOR", "", 1), 0);  // empty counts as not set
  EXPECT_EQ(EraseLineText(10), "\r\x1b[K");
  ASSERT_EQ(::setenv("NO_COLOR", "1", 1), 0);
  EXPECT_EQ(EraseLineText(10), "\r         \r");
  EXPECT_EQ(EraseLineText(0), "\r\r");
  ASSERT_EQ(::unsetenv("NO_COLOR"), 0);
  EXPECT_EQ(EraseLineText(10), "\r\x1b[K");
}

TEST(Terminal, TextGoesToStandardErrorAsItIs) {
  ::testing::internal::CaptureStderr();
  WriteToStderr("one line\n");
  WriteToStderr("");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "one line\n");
}

}  // namespace
}  // namespace lockstep
