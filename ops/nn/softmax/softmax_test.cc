// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/softmax/softmax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::ElementsAre;

TEST(Softmax, OfLogitsOfAnySizeIsFinite) {
  ReferenceRun run("softmax");
  ASSERT_EQ(run.In<float>({2, 2}, {1e30f, -1e30f, 3, 3}).Run().ToString(), "ok");
  EXPECT_THAT(run.Out<float>(0), ElementsAre(1, 0, 0.5, 0.5));
}

TEST(Softmax, ANaNMakesItsRowNaNAndNoOther) {
  ReferenceRun run("softmax");
  ASSERT_EQ(run.In<float>({2, 2}, {NAN, 0, 3, 3}).Run().ToString(), "ok");
  EXPECT_TRUE(std::isnan(run.Out<float>(0)[0]) && std::isnan(run.Out<float>(0)[1]));
  EXPECT_EQ(run.Out<float>(0)[2], 0.5f);
}

TEST(Softmax, OfNothingIsRefused) {
  ReferenceRun run("softmax");
  EXPECT_EQ(run.In<float>({2, 0}, {}).Run().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace lockstep::ops
