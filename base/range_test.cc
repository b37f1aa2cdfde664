// SPDX-License-Identifier: Apache-2.0
// Ranges and ids.
#include "base/range.h"

#include <gtest/gtest.h>

#include <sstream>
#include <type_traits>

#include "base/ids.h"

namespace lockstep {
namespace {

TEST(RangeTest, PartsCoverEverythingOnceAndDifferByAtMostOne) {
  for (int64_t n : {0, 1, 5, 8, 997}) {
    for (int64_t parts : {1, 3, 8, 1000}) {
      int64_t next = 0;
      for (int64_t i = 0; i < parts; ++i) {
        const Range part = PartOf(n, parts, i);
        EXPECT_EQ(part.begin, next);
        EXPECT_GE(part.size(), n / parts);
        EXPECT_LE(part.size(), (n + parts - 1) / parts);
        next = part.end;
      }
      EXPECT_EQ(next, n);
    }
  }
}

TEST(IdsTest, AreOrderedAndPrintAsNumbersAndDoNotMix) {
  EXPECT_LT(Lane(1), Lane(2));
  EXPECT_EQ(SampleId(7), SampleId(7));
  std::ostringstream text;
  text << Rank(3) << " " << Step(int64_t{1} << 40);
  EXPECT_EQ(text.str(), "3 1099511627776");
  static_assert(!std::is_convertible_v<Lane, Rank>);
  static_assert(!std::is_convertible_v<int, Lane>);
}

}  // namespace
}  // namespace lockstep
