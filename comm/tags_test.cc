// SPDX-License-Identifier: Apache-2.0
#include "comm/tags.h"

#include <gtest/gtest.h>

#include <set>

namespace lockstep::comm {
namespace {

TEST(TagsTest, EveryPurposeHasATagOfItsOwnAndSaysIt) {
  std::set<uint32_t> tags = {kBlockWordsTag, kOptimizerStateTag};
  for (int64_t bucket = 0; bucket < 100; ++bucket) {
    EXPECT_TRUE(tags.insert(ReduceTag(bucket)).second);
    EXPECT_TRUE(tags.insert(GatherTag(bucket)).second);
  }
  EXPECT_EQ(TagText(ReduceTag(3)), "reduce of bucket 3");
  EXPECT_EQ(TagText(GatherTag(0)), "gather of bucket 0");
  EXPECT_EQ(TagText(kOptimizerStateTag), "optimizer state");
  EXPECT_EQ(TagText(7), "tag 7");
}

}  // namespace
}  // namespace lockstep::comm
