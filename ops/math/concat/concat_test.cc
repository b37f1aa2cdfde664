// SPDX-License-Identifier: Apache-2.0
#include "ops/math/concat/concat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Concat, PutsTheChannelsOfEachPixelSideBySide) {
  ReferenceRun run("concat", Pack(ConcatAttrs{{2, 1}}));
  ASSERT_EQ(run.In<float>({2, 2}, {1, 2, 3, 4}).In<float>({2, 1}, {5, 6}).Run().ToString(), "ok");
  EXPECT_THAT(run.Out<float>(0), ElementsAre(1, 2, 5, 3, 4, 6));
}

TEST(Concat, OfImagesOfTwoSizesIsRefused) {
  ReferenceRun run("concat", Pack(ConcatAttrs{{1, 1}}));
  const Status refused =
      run.In<float>({1, 2, 2, 1}, {1, 2, 3, 4}).In<float>({1, 1, 2, 1}, {5, 6}).Run();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), HasSubstr("input 1"));
}

TEST(SliceChannels, BeyondTheChannelsThereAreIsRefused) {
  ReferenceRun run("slice_channels", Pack(SliceChannelsAttrs{1, 2}));
  const Status refused = run.In<float>({2, 2}, {1, 2, 3, 4}).Run();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), HasSubstr("2 channels from channel 1 on"));
}

}  // namespace
}  // namespace lockstep::ops
