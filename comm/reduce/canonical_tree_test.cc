// SPDX-License-Identifier: Apache-2.0
// The canonical tree: its definition, its division among ranks, its cost.
#include "comm/reduce/canonical_tree.h"

#include <gtest/gtest.h>

#include <bit>
#include <string>

#include "base/philox.h"
#include "comm/reduce/testing/test_values.h"

namespace lockstep::comm {
namespace {

// A "number" whose sum shows its association.
struct Term {
  std::string text;
  Term operator+(const Term& other) const { return {"(" + text + other.text + ")"}; }
};

std::string Association(int lanes) {
  std::vector<Term> terms;
  for (int i = 0; i < lanes; ++i) terms.push_back({std::string(1, static_cast<char>('a' + i))});
  return CanonicalSum<Term>(terms).text;
}

TEST(CanonicalTreeTest, AssociatesAsDefined) {
  EXPECT_EQ(Association(1), "a");
  EXPECT_EQ(Association(2), "(ab)");
  EXPECT_EQ(Association(3), "((ab)c)");
  EXPECT_EQ(Association(4), "((ab)(cd))");
  EXPECT_EQ(Association(5), "(((ab)(cd))e)");
  EXPECT_EQ(Association(6), "(((ab)(cd))(ef))");
  EXPECT_EQ(Association(7), "(((ab)(cd))((ef)g))");
  EXPECT_EQ(Association(8), "(((ab)(cd))((ef)(gh)))");
  EXPECT_EQ(Association(12), "((((ab)(cd))((ef)(gh)))((ij)(kl)))");
}

TEST(CanonicalTreeTest, SplitIsTheLargestPowerOfTwoStrictlyBelowTheSize) {
  for (int64_t size = 2; size <= 1000; ++size) {
    int64_t power = 1;
    while (power * 2 < size) power *= 2;
    EXPECT_EQ(SplitOf({40, 40 + size}), 40 + power) << size;
  }
}

TEST(CanonicalTreeTest, RanksOwnContiguousLanesThatCoverAll) {
  for (int32_t lanes = 1; lanes <= 40; ++lanes) {
    for (int32_t ranks = 1; ranks <= lanes; ++ranks) {
      int64_t end = 0;
      for (int32_t r = 0; r < ranks; ++r) {
        const Range range = LanesOfRank(Rank(r), ranks, lanes);
        EXPECT_EQ(range.begin, end);
        EXPECT_EQ(range.begin, r * lanes / ranks);
        EXPECT_GE(range.size(), 1);
        end = range.end;
      }
      EXPECT_EQ(end, lanes);
    }
  }
}

TEST(CanonicalTreeTest, MaximalSubtreesOfKnownRanges) {
  EXPECT_EQ(MaximalSubtrees({0, 8}, 8), (std::vector<Range>{{0, 8}}));
  EXPECT_EQ(MaximalSubtrees({2, 5}, 8), (std::vector<Range>{{2, 4}, {4, 5}}));
  EXPECT_EQ(MaximalSubtrees({5, 8}, 8), (std::vector<Range>{{5, 6}, {6, 8}}));
  EXPECT_EQ(MaximalSubtrees({21, 42}, 64),
            (std::vector<Range>{{21, 22}, {22, 24}, {24, 32}, {32, 40}, {40, 42}}));
  EXPECT_EQ(MaximalSubtrees({3, 5}, 5), (std::vector<Range>{{3, 4}, {4, 5}}));
}

TEST(CanonicalTreeTest, CombineProgramOfThreeRanksWithEightLanes) {
  // Slots: [0,2) | [2,4) [4,5) | [5,6) [6,8)
  EXPECT_EQ(CombineProgram(AllMaximalSubtrees(3, 8), 8),
            (std::vector<TreeAdd>{{0, 1}, {2, 3}, {2, 4}, {0, 2}}));
}

// The sum of subtree sums, over any number of ranks, has the bits of the canonical sum.
template <typename T>
void ExpectEqualBitsForEveryRankCount() {
  for (int32_t lanes = 1; lanes <= 40; ++lanes) {
    const std::vector<T> values = TestValues<T>(static_cast<uint64_t>(lanes), lanes);
    const T expected = CanonicalSum<T>(values);
    for (int32_t ranks = 1; ranks <= lanes; ++ranks) {
      const std::vector<Range> subtrees = AllMaximalSubtrees(ranks, lanes);
      std::vector<T> slots;
      for (const Range& s : subtrees) {
        slots.push_back(CanonicalSum<T>(std::span(values).subspan(s.begin, s.size())));
      }
      const std::vector<TreeAdd> program = CombineProgram(subtrees, lanes);
      ASSERT_EQ(program.size(), subtrees.size() - 1);
      for (const TreeAdd add : program) slots[add.dst] += slots[add.src];
      ASSERT_TRUE(SameBits(slots[0], expected)) << lanes << " lanes, " << ranks << " ranks";
    }
  }
}

TEST(CanonicalTreeTest, FloatTotalsHaveEqualBitsForEveryRankCount) {
  ExpectEqualBitsForEveryRankCount<float>();
}

TEST(CanonicalTreeTest, DoubleTotalsHaveEqualBitsForEveryRankCount) {
  ExpectEqualBitsForEveryRankCount<double>();
}

// That the order matters for these values at all: summing from the left gives other bits.
TEST(CanonicalTreeTest, TheTestValuesTellAssociationsApart) {
  int differing = 0;
  for (int32_t lanes = 4; lanes <= 40; ++lanes) {
    const std::vector<float> values = TestValues<float>(static_cast<uint64_t>(lanes), lanes);
    float left_to_right = 0;
    for (float v : values) left_to_right += v;
    differing += !SameBits(left_to_right, CanonicalSum<float>(values));
  }
  EXPECT_GT(differing, 15);
}

TEST(CanonicalTreeTest, CostFactorsAreThoseOfTheDefinition) {
  EXPECT_NEAR(ExchangeCostFactor(8, 3), 1.33, 0.005);
  EXPECT_NEAR(ExchangeCostFactor(64, 3), 2.33, 0.005);
  EXPECT_NEAR(ExchangeCostFactor(64, 6), 2.0, 0.005);
  EXPECT_NEAR(ExchangeCostFactor(12, 4), 1.5, 0.005);
  for (int32_t lanes = 1; lanes <= 1024; lanes *= 2) {
    for (int32_t ranks = 1; ranks <= lanes; ranks *= 2) {
      EXPECT_EQ(ExchangeCostFactor(lanes, ranks), 1.0) << lanes << " " << ranks;
    }
  }
}

}  // namespace
}  // namespace lockstep::comm
