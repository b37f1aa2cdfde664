// SPDX-License-Identifier: Apache-2.0
#include "worker/model/running_space.h"

#include <gtest/gtest.h>

namespace lockstep::worker {
namespace {

RunningSpace SpaceOf(const std::function<bool(const graph::RunningStatistics&)>& learns) {
  return RunningSpace({{.path = "a", .channels = 3},
                       {.path = "b", .channels = 20, .calls = 2},
                       {.path = "c", .channels = 16}},
                      learns);
}

TEST(RunningSpace, LayersThatLearnLieInTheirOrder) {
  const RunningSpace space = SpaceOf([](const auto&) { return true; });
  EXPECT_EQ(space.learning(), (std::vector<size_t>{0, 1, 2}));
  EXPECT_EQ(space.blocks()[0].offset, 0);
  EXPECT_EQ(space.blocks()[0].length, 16 + 2 * 16);
  EXPECT_EQ(space.blocks()[1].offset, 48);
  EXPECT_EQ(space.blocks()[1].length, 2 * (16 + 2 * 32));
  EXPECT_EQ(space.elements(), 48 + 160 + 48);
  EXPECT_EQ(space.arena_elements(), space.elements());
  EXPECT_EQ(space.PlaceOf("var:b#1"), 48 + 80 + 16 + 32);
  EXPECT_EQ(space.PlaceOf("c.running_mean"), 48 + 160 + 16);
}

TEST(RunningSpace, FrozenLayersLieBehindAndHaveNoSums) {
  const RunningSpace space = SpaceOf([](const auto& layer) { return layer.path == "b"; });
  EXPECT_EQ(space.learning(), (std::vector<size_t>{1}));
  EXPECT_EQ(space.blocks()[1].offset, 0);
  EXPECT_EQ(space.elements(), 160);
  EXPECT_EQ(space.blocks()[0].offset, 160);
  EXPECT_EQ(space.blocks()[2].offset, 208);
  EXPECT_EQ(space.arena_elements(), 256);
  EXPECT_EQ(space.PlaceOf("a.running_var"), 160 + 32);
  EXPECT_EQ(space.PlaceOf("mean:b"), 16);
}

}  // namespace
}  // namespace lockstep::worker
