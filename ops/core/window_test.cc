// SPDX-License-Identifier: Apache-2.0
#include "ops/core/window.h"

#include <gtest/gtest.h>

namespace lockstep::ops {
namespace {

TEST(Window, CountsTheStartsThatFit) {
  for (int64_t in = 0; in < 9; ++in) {
    for (int64_t kernel = 1; kernel < 5; ++kernel) {
      for (int64_t stride = 1; stride < 4; ++stride) {
        for (int64_t padding = 0; padding < 3; ++padding) {
          for (int64_t dilation = 1; dilation < 3; ++dilation) {
            const Window w = {kernel, stride, padding, dilation};
            int64_t starts = 0;
            for (int64_t at = 0; at + w.span() <= in + 2 * padding; at += stride) ++starts;
            const Result<int64_t> outputs = w.Outputs(in, "width");
            ASSERT_EQ(outputs.ok(), starts > 0);
            if (outputs.ok()) {
              EXPECT_EQ(*outputs, starts);
            }
          }
        }
      }
    }
  }
}

TEST(Window, InsideAndCoveringAreTheTapsThatMeetTheImage) {
  for (const Window w : {Window{3, 1, 1, 1}, Window{3, 2, 1, 1}, Window{2, 3, 0, 1},
                         Window{5, 2, 2, 1}, Window{1, 4, 0, 1}, Window{3, 2, 4, 2}}) {
    const int64_t in = 7;
    const int64_t outputs = *w.Outputs(in, "height");
    for (int64_t p = 0; p < outputs; ++p) {
      const Range inside = w.Inside(p, in);
      for (int64_t r = 0; r < w.kernel; ++r) {
        const int64_t i = p * w.stride - w.padding + r * w.dilation;
        EXPECT_EQ(r >= inside.begin && r < inside.end, i >= 0 && i < in);
        if (w.dilation == 1 && i >= 0 && i < in) {
          const Range covering = w.Covering(i, outputs);
          EXPECT_TRUE(p >= covering.begin && p < covering.end) << "p " << p << " i " << i;
        }
      }
    }
    for (int64_t i = 0; i < in && w.dilation == 1; ++i) {
      const Range covering = w.Covering(i, outputs);
      for (int64_t p = covering.begin; p < covering.end; ++p) {
        const int64_t r = i + w.padding - p * w.stride;
        EXPECT_TRUE(r >= 0 && r < w.kernel) << "p " << p << " i " << i;
      }
    }
  }
}

TEST(Window, SaysWhatIsImpossible) {
  EXPECT_EQ((Window{7, 1, 0, 1}.Outputs(5, "height").status().message()),
            "height: a kernel of 7 with dilation 1 spans 7 pixels, more than the 5 of the input (5 "
            "and 0 of padding on each side); use a smaller kernel or more padding");
  EXPECT_FALSE((Window{3, 0, 0, 1}.Outputs(5, "height").ok()));
  EXPECT_FALSE((Window{3, 1, -1, 1}.Outputs(5, "height").ok()));
  EXPECT_FALSE((Window{0, 1, 0, 1}.Outputs(5, "height").ok()));
  EXPECT_FALSE((Window{3, 1, 0, 0}.Outputs(5, "height").ok()));
  EXPECT_FALSE((Window{3, 1, int64_t{1} << 62, 1}.Outputs(5, "height").ok()));
  EXPECT_FALSE((Window{3, 1, 2, 1}.PoolOutputs(5, "height").ok()));
  EXPECT_TRUE((Window{3, 1, 1, 1}.PoolOutputs(5, "height").ok()));
}

}  // namespace
}  // namespace lockstep::ops
