// SPDX-License-Identifier: Apache-2.0
#include "ops/norm/batch_norm_totals/batch_norm_totals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::ElementsAre;

// Of two channels, the outputs one after the other: count, totals of mean, totals of variance.
template <typename T>
std::vector<double> Totals(int64_t elements, const std::vector<T>& mean,
                           const std::vector<T>& var) {
  ReferenceRun run("batch_norm_totals", Pack(BatchNormTotalsAttrs{elements}));
  run.In<T>({2}, mean).template In<T>({2}, var);
  EXPECT_EQ(run.Run().ToString(), "ok");
  std::vector<double> all;
  for (size_t i = 0; i < 3; ++i) {
    const std::vector<double> out = run.Out<double>(i);
    all.insert(all.end(), out.begin(), out.end());
  }
  return all;
}

TEST(BatchNormTotals, WeighByTheElements) {
  EXPECT_THAT(Totals<double>(2, {0.5, -3}, {4, 0.25}), ElementsAre(2, 1, -6, 8, 0.5));
}

TEST(BatchNormTotals, OfFloatsAreProductsInDouble) {
  const float third = 1.0f / 3.0f;
  const double exact = 3.0 * static_cast<double>(third);
  EXPECT_NE(exact, static_cast<double>(3.0f * third)) << "a product in float is rounded";
  EXPECT_THAT(Totals<float>(3, {third, 1}, {third, 0}), ElementsAre(3, exact, 3, exact, 0));
}

TEST(BatchNormTotals, ArePositiveZeroBelowTwoElementsWhateverTheValues) {
  for (int64_t elements : {0, 1}) {
    for (double total : Totals<float>(elements, {-1, NAN}, {INFINITY, -0.0f})) {
      EXPECT_EQ(std::bit_cast<uint64_t>(total), 0u) << elements << " elements";
    }
  }
}

TEST(BatchNormTotals, RefuseANegativeNumberOfElements) {
  ReferenceRun run("batch_norm_totals", Pack(BatchNormTotalsAttrs{-1}));
  run.In<float>({1}, {0}).In<float>({1}, {0});
  EXPECT_EQ(run.Run().ToString(),
            "invalid-argument: elements is -1; expected at least 0, the elements a channel of the "
            "lane");
}

}  // namespace
}  // namespace lockstep::ops
