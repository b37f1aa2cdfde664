// SPDX-License-Identifier: Apache-2.0
#include "base/format.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(FormatTest, WritesAsPrintfDoes) {
  EXPECT_EQ(Format("%-4s|%6.2f|%3d%%", "ab", 1.5, 7), "ab  |  1.50|  7%");
  EXPECT_EQ(Format("%s", ""), "");
}

TEST(FormatTest, CutsNothingOff) {
  const std::string name(5000, 'x');
  EXPECT_EQ(Format("<%s>", name.c_str()), "<" + name + ">");
}

}  // namespace
}  // namespace lockstep
