// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/resize2d/resize2d.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Resize2d, BilinearBlendsByDistanceAndGoesOnBeyondTheBorder) {
  ReferenceRun run("resize2d", Pack(Resize2dAttrs{1, 4, "bilinear", false}));
  ASSERT_EQ(run.In<float>({1, 1, 2, 1}, {0, 8}).Run().ToString(), "ok");
  EXPECT_THAT(run.Out<float>(0), ElementsAre(0, 2, 6, 8));
}

TEST(Resize2d, AlignedCornersKeepTheOuterPixels) {
  ReferenceRun run("resize2d", Pack(Resize2dAttrs{1, 5, "bilinear", true}));
  ASSERT_EQ(run.In<float>({1, 1, 3, 1}, {0, 4, 16}).Run().ToString(), "ok");
  EXPECT_THAT(run.Out<float>(0), ElementsAre(0, 2, 4, 10, 16));
}

TEST(Resize2d, NearestTakesThePixelBelowTheSource) {
  ReferenceRun run("resize2d", Pack(Resize2dAttrs{1, 3, "nearest", false}));
  ASSERT_EQ(run.In<float>({1, 1, 2, 1}, {5, 7}).Run().ToString(), "ok");
  EXPECT_THAT(run.Out<float>(0), ElementsAre(5, 5, 7));
}

TEST(Resize2d, WhatNoImageCanBecomeIsRefusedByName) {
  const auto message = [](const Resize2dAttrs& attrs) {
    ReferenceRun run("resize2d", Pack(attrs));
    return run.In<float>({1, 1, 2, 1}, {5, 7}).Run().message();
  };
  EXPECT_THAT(message({0, 3, "bilinear", false}), HasSubstr("0x3"));
  EXPECT_THAT(message({2, 2, "cubic", false}), HasSubstr("'cubic'"));
  EXPECT_THAT(message({2, 2, "nearest", true}), HasSubstr("align_corners"));
}

}  // namespace
}  // namespace lockstep::ops
