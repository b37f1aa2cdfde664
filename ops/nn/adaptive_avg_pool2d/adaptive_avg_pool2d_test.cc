// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/adaptive_avg_pool2d/adaptive_avg_pool2d.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using testing::ElementsAre;

std::vector<float> Pooled(const Shape& x, const std::vector<float>& values, int64_t h, int64_t w) {
  ReferenceRun run("adaptive_avg_pool2d", Pack(AdaptiveAvgPool2dAttrs{h, w}));
  run.In<float>(x, values);
  EXPECT_EQ(run.Run().ToString(), "ok");
  return run.Out<float>(0);
}

TEST(AdaptiveAvgPool2d, WindowsOverlapWhereTheSizeDoesNotDivide) {
  // Rows [floor(5 p / 3), ceil(5 (p + 1) / 3)) of five: [0, 2), [1, 4), [3, 5).
  EXPECT_THAT(Pooled({1, 5, 1, 1}, {0, 2, 4, 6, 8}, 3, 1), ElementsAre(1, 4, 7));
}

TEST(AdaptiveAvgPool2d, AnEnlargedImageRepeatsItsPixels) {
  EXPECT_THAT(Pooled({1, 1, 2, 1}, {3, 5}, 2, 4), ElementsAre(3, 3, 5, 5, 3, 3, 5, 5));
}

TEST(AdaptiveAvgPool2d, ItsOwnSizeIsTheIdentity) {
  EXPECT_THAT(Pooled({1, 2, 2, 1}, {1, 2, 3, 5}, 2, 2), ElementsAre(1, 2, 3, 5));
}

TEST(AdaptiveAvgPool2d, GradientsOfOnesAddUpToTheSizeOfTheOutput) {
  for (const int64_t side : {1, 2, 3, 4, 5, 7, 11}) {
    ReferenceRun run("adaptive_avg_pool2d_grad", Pack(AdaptiveAvgPool2dGradAttrs{5, 3}));
    const std::vector<double> ones(static_cast<size_t>(side * 4), 1.0);
    ASSERT_EQ(run.In<double>({1, side, 4, 1}, ones).Run().ToString(), "ok");
    double sum = 0;
    for (const double dx : run.Out<double>(0)) sum += dx;
    EXPECT_NEAR(sum, static_cast<double>(side * 4), 1e-12) << side;
  }
}

TEST(AdaptiveAvgPool2d, RefusesAnEmptyImageAndAnEmptyOutput) {
  const Op* op = OpRegistry::Global().Find("adaptive_avg_pool2d");
  const TensorType x = {DType::kFloat32, {1, 4, 4, 1}}, empty = {DType::kFloat32, {1, 0, 4, 1}};
  const auto message = [&](const TensorType& type, int64_t h) {
    return op->infer(Pack(AdaptiveAvgPool2dAttrs{h, 2}), std::span(&type, 1)).status().message();
  };
  EXPECT_EQ(message(x, 0), "the height of y is 0; expected 1 to 1073741824");
  EXPECT_EQ(message(empty, 2), "the height of x is 0; expected 1 to 1073741824");
}

}  // namespace
}  // namespace lockstep::ops
