// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/ema/ema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::ElementsAre;

std::vector<float> Averaged(float weight) {
  ReferenceRun run("ema", {});
  run.In<float>({2}, {4, 1e30f}).In<float>({2}, {8, 0.1f}).In<float>({}, {weight});
  EXPECT_EQ(run.Run().ToString(), "ok");
  return run.Out<float>(0);
}

TEST(Ema, GoesAShareOfTheWayToTheParameter) { EXPECT_EQ(Averaged(0.25f)[0], 5.0f); }

// Whatever stood there: of a sum 1e30 - (1e30 - 0.1) nothing would be left.
TEST(Ema, AWeightOfOneGivesTheBitsOfTheParameter) {
  EXPECT_THAT(Averaged(1.0f), ElementsAre(8.0f, 0.1f));
}

}  // namespace
}  // namespace lockstep::ops
