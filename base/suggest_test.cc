// SPDX-License-Identifier: Apache-2.0
#include "base/suggest.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

const std::vector<std::string> kKnown = {"momentum", "weight_decay", "lr"};

TEST(SuggestTest, FindsTheNearestName) {
  EXPECT_EQ(NearestName("momentun", kKnown), "momentum");
  EXPECT_EQ(NearestName("weightdecay", kKnown), "weight_decay");
  EXPECT_EQ(NearestName("rl", kKnown), "lr");
  EXPECT_EQ(NearestName("", std::vector<std::string>{}), "");
}

TEST(SuggestTest, NothingIsNearAForeignWord) { EXPECT_EQ(NearestName("batch_size", kKnown), ""); }

TEST(SuggestTest, SaysTheNearestOrListsAll) {
  EXPECT_EQ(Suggestion("momentun", kKnown), "; did you mean 'momentum'?");
  EXPECT_EQ(Suggestion("batch_size", kKnown), "; known are momentum, weight_decay, lr");
}

}  // namespace
}  // namespace lockstep
