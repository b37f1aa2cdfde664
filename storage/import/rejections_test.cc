// SPDX-License-Identifier: Apache-2.0
#include "storage/import/rejections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace lockstep::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;

// A word of its own for each number, without a digit.
std::string Word(size_t number) {
  std::string word;
  for (int i = 0; i < 3; ++i, number /= 26) {
    word.insert(word.begin(), static_cast<char>('a' + number % 26));
  }
  return word;
}

TEST(Rejections, AreTheSameInAnyOrderAndStayFew) {
  constexpr size_t kAll = 5000, kKinds = 250;
  std::vector<size_t> order(kAll);
  for (size_t i = 0; i < kAll; ++i) order[i] = i;
  std::mt19937 random(1);
  for (int repeat = 0; repeat < 4; ++repeat) {
    Rejections rejections;
    for (const size_t i : order) {
      rejections.Add({i / 3000, i % 3000}, std::to_string(i), "it is " + Word(i * 7 % kKinds));
      ASSERT_LE(rejections.listed().size(), Rejections::kMostListed);
    }
    EXPECT_EQ(rejections.count(), static_cast<int64_t>(kAll));
    ASSERT_THAT(rejections.listed(), SizeIs(Rejections::kMostListed));
    size_t next = 0;
    for (const auto& [place, one] : rejections.listed()) {
      EXPECT_EQ(place, Rejections::Place(0, next));
      EXPECT_EQ(one.path, std::to_string(next));
      ++next;
    }
    std::map<std::string, int64_t> expected = {{"other reasons", 150 * 20}};
    for (size_t kind = 0; kind < 100; ++kind) expected["it is " + Word(kind)] = 20;
    EXPECT_EQ(rejections.Kinds(), expected);
    std::shuffle(order.begin(), order.end(), random);
  }
}

TEST(Rejections, ReasonsThatDifferInNumbersAndNamesAreOneKind) {
  Rejections rejections;
  rejections.Add({0, 1}, "a", "'a.jpg' has 12 bytes");
  rejections.Add({0, 0}, "b", "'it's.jpg' has 7 bytes");
  rejections.Add({0, 2}, "c", "an image\xff");
  EXPECT_THAT(rejections.Kinds(),
              ElementsAre(Pair("'...' has N bytes", 2), Pair("an image\\xff", 1)));
  EXPECT_EQ(rejections.listed().begin()->second.path, "b");
}

}  // namespace
}  // namespace lockstep::storage
