// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/parameter_space.h"

#include <gtest/gtest.h>

namespace lockstep::graph {
namespace {

TEST(ParameterSpaceTest, LaysTensorsInReversePaddedAndCutIntoBlocks) {
  const ParameterSpace space({100, 70000, 128});
  ASSERT_EQ(space.segments().size(), 3u);
  EXPECT_EQ(space.segments()[2].offset, 0);
  EXPECT_EQ(space.segments()[2].padded_elements, 128);
  EXPECT_EQ(space.segments()[1].offset, 128);
  EXPECT_EQ(space.segments()[1].padded_elements, 70016);
  EXPECT_EQ(space.segments()[0].offset, 128 + 70016);
  EXPECT_EQ(space.segments()[0].padded_elements, 128);
  EXPECT_EQ(space.elements(), 128 + 70016 + 128);
  ASSERT_EQ(space.blocks().size(), 4u);
  EXPECT_EQ(space.blocks()[1].length, 65536);
  EXPECT_EQ(space.blocks()[2].length, 70016 - 65536);
  EXPECT_EQ(space.blocks()[2].tensor, 1);
  EXPECT_EQ(space.blocks()[3].tensor, 0);
}

TEST(ParameterSpaceTest, FrozenTensorsLieBehindTheSpaceAndAreInNoBlock) {
  const ParameterSpace space({100, 70000, 128}, {true, false, true});
  EXPECT_EQ(space.elements(), 70016);
  EXPECT_EQ(space.arena_elements(), 70016 + 128 + 128);
  EXPECT_EQ(space.segments()[1].offset, 0);
  EXPECT_EQ(space.segments()[2].offset, 70016);
  EXPECT_EQ(space.segments()[0].offset, 70016 + 128);
  EXPECT_TRUE(space.IsFrozen(0));
  EXPECT_FALSE(space.IsFrozen(1));
  ASSERT_EQ(space.blocks().size(), 2u);
  for (const Block& block : space.blocks()) EXPECT_EQ(block.tensor, 1);
}

}  // namespace
}  // namespace lockstep::graph
