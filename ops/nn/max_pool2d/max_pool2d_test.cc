// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/max_pool2d/max_pool2d.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/core/testing/eager_emitter.h"
#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using testing::ElementsAre;
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

TEST(MaxPool2d, TheFirstOfEqualMaximaWins) {
  ReferenceRun run("max_pool2d", Pack(MaxPool2dAttrs{}));
  ASSERT_EQ(run.In<float>({1, 2, 4, 1}, {1, 7, 0, 0,  //
                                         7, 7, 0, 0})
                .Run()
                .ToString(),
            "ok");
  EXPECT_THAT(run.Out<float>(0), ElementsAre(7, 0));
  EXPECT_THAT(run.Out<int32_t>(1), ElementsAre(1, 0));
}

TEST(MaxPool2d, NaNWinsAndTheLastOfSeveral) {
  ReferenceRun run("max_pool2d", Pack(MaxPool2dAttrs{}));
  ASSERT_EQ(run.In<float>({1, 2, 4, 1}, {kNaN, 9, kNaN, kInf,  //
                                         1, 9, kNaN, 3})
                .Run()
                .ToString(),
            "ok");
  EXPECT_TRUE(std::isnan(run.Out<float>(0)[0]));
  EXPECT_TRUE(std::isnan(run.Out<float>(0)[1]));
  EXPECT_THAT(run.Out<int32_t>(1), ElementsAre(0, 2));
}

TEST(MaxPool2d, PaddingIsNeverChosen) {
  const std::vector<float> x(4, -kInf);
  ReferenceRun run("max_pool2d", Pack(MaxPool2dAttrs{3, 3, 3, 3, 1, 1}));
  ASSERT_EQ(run.In<float>({1, 2, 2, 1}, x).Run().ToString(), "ok");
  EXPECT_THAT(run.Out<float>(0), ElementsAre(-kInf));
  EXPECT_THAT(run.Out<int32_t>(1), ElementsAre(4));  // row 1, column 1 of the window
}

// Each dy must arrive once, at the pixel its window chose: with overlaps, gaps and padding.
TEST(MaxPool2d, GradientGoesWhereTheMaximumCameFrom) {
  for (const Sample& sample : OpRegistry::Global().Find("max_pool2d")->samples) {
    SCOPED_TRACE(sample.name);
    const Shape shape = sample.in[0].type.shape;
    const auto attrs = *Unpack<MaxPool2dAttrs>(sample.attrs);
    std::vector<double> x(static_cast<size_t>(shape.elements()));
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i * 7919 % 1009);
    ReferenceRun forward("max_pool2d", sample.attrs);
    ASSERT_EQ(forward.In(shape, x).Run().ToString(), "ok");
    const Shape out = forward.OutShape(0);
    const auto y = forward.Out<double>(0);
    const auto index = forward.Out<int32_t>(1);
    std::vector<double> dy(y.size()), dx(x.size());
    for (size_t i = 0; i < dy.size(); ++i) {
      dy[i] = static_cast<double>(i) + 1;
      const int64_t at = static_cast<int64_t>(i), c = at % out[3], q = at / out[3] % out[2];
      const int64_t p = at / out[3] / out[2] % out[1], n = at / out[3] / out[2] / out[1];
      const int64_t h = p * attrs.stride_h - attrs.padding_h + index[i] / attrs.kernel_w;
      const int64_t w = q * attrs.stride_w - attrs.padding_w + index[i] % attrs.kernel_w;
      const auto from = static_cast<size_t>(((n * shape[1] + h) * shape[2] + w) * shape[3] + c);
      ASSERT_EQ(x.at(from), y[i]);
      dx[from] += dy[i];
    }
    ReferenceRun grad("max_pool2d_grad", Pack(MaxPool2dGradAttrs{attrs, shape[1], shape[2]}));
    ASSERT_EQ(grad.In(out, index).In(out, dy).Run().ToString(), "ok");
    EXPECT_EQ(grad.Out<double>(0), dx);
  }
}

TEST(MaxUnpool2d, PutsEachMaximumBackWhereItWas) {
  EagerEmitter e;
  GuardedTensor image({DType::kFloat64, {1, 2, 4, 1}});
  const double values[] = {1, 2, 8, 4, 5, 3, 7, 6};
  for (int64_t i = 0; i < 8; ++i) image.Set(i, values[i]);
  const MaxPool2dOut pooled = MaxPool2dWithIndex(&e, e.Input(std::move(image)));
  const Value back = MaxUnpool2d(&e, pooled.y, pooled.index, {{}, 2, 4});
  ASSERT_TRUE(e.status().ok()) << e.status();
  EXPECT_THAT(e.Get(back).Values(), ElementsAre(0, 0, 8, 0, 5, 0, 0, 0));
}

}  // namespace
}  // namespace lockstep::ops
