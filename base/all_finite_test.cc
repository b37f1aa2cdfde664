// SPDX-License-Identifier: Apache-2.0
#include "base/all_finite.h"

#include <gtest/gtest.h>

#include <limits>
#include <utility>
#include <vector>

namespace lockstep {
namespace {

template <typename T>
class AllFiniteTest : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(AllFiniteTest, Types);

TYPED_TEST(AllFiniteTest, OneNaNOrInfinityAnywhereIsFound) {
  using Limits = std::numeric_limits<TypeParam>;
  for (const size_t count : {1, 1023, 1024, 1025, 3000}) {
    std::vector<TypeParam> values(count, Limits::max());
    values[count / 3] = -Limits::max();
    values[count / 2] = Limits::denorm_min();
    EXPECT_TRUE(AllFinite(values.data(), static_cast<int64_t>(count)));
    for (const TypeParam bad :
         {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), -Limits::quiet_NaN()}) {
      for (const size_t at : {size_t{0}, count / 2, count - 1}) {
        const TypeParam before = std::exchange(values[at], bad);
        EXPECT_FALSE(AllFinite(values.data(), static_cast<int64_t>(count)))
            << at << " of " << count;
        values[at] = before;
      }
    }
  }
  EXPECT_TRUE(AllFinite<TypeParam>(nullptr, 0));
}

}  // namespace
}  // namespace lockstep
