// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/cross_entropy/cross_entropy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/core/reference_run.h"

namespace lockstep::ops {
namespace {

TEST(CrossEntropy, ALabelThatDoesNotExistMakesLossAndGradientNaN) {
  for (const int32_t label : {-1, 3, 1 << 30}) {
    ReferenceRun loss("cross_entropy", Pack(CrossEntropyAttrs{}));
    loss.In<float>({2, 3}, {1, 2, 3, 4, 5, 6}).In<int32_t>({2}, {0, label});
    ASSERT_EQ(loss.Run().ToString(), "ok");
    EXPECT_TRUE(std::isnan(loss.Out<double>(0)[0]));
    ReferenceRun grad("cross_entropy_grad", Pack(CrossEntropyAttrs{}));
    grad.In<float>({2, 3}, loss.Out<float>(2)).In<int32_t>({2}, {0, label}).In<double>({}, {1});
    ASSERT_EQ(grad.Run().ToString(), "ok");
    const auto dlogits = grad.Out<float>(0);
    for (size_t i = 0; i < 6; ++i) EXPECT_EQ(std::isnan(dlogits[i]), i >= 3) << i;
  }
}

TEST(CrossEntropy, LargeLogitsNeitherOverflowNorVanish) {
  ReferenceRun loss("cross_entropy", Pack(CrossEntropyAttrs{}));
  loss.In<double>({1, 3}, {1e4, -1e4, 0}).In<int32_t>({1}, {1});
  ASSERT_EQ(loss.Run().ToString(), "ok");
  EXPECT_EQ(loss.Out<double>(0)[0], 2e4);
  EXPECT_THAT(loss.Out<double>(2), testing::ElementsAre(1, 0, 0));
}

TEST(CrossEntropy, NaNLogitsMakeTheLossNaN) {
  for (size_t at = 0; at < 3; ++at) {
    std::vector<float> logits = {1, 2, 3};
    logits[at] = NAN;
    ReferenceRun loss("cross_entropy", Pack(CrossEntropyAttrs{0.1}));
    ASSERT_EQ(loss.In<float>({1, 3}, logits).In<int32_t>({1}, {0}).Run().ToString(), "ok");
    EXPECT_TRUE(std::isnan(loss.Out<double>(0)[0])) << at;
  }
}

TEST(CrossEntropy, ProbabilitiesMayTakeTheBufferOfTheLogits) {
  const std::vector<float> logits = {1, 2, 3, 6, 5, 4};
  for (const double smoothing : {0.0, 0.2}) {
    ReferenceRun apart("cross_entropy", Pack(CrossEntropyAttrs{smoothing}));
    ReferenceRun shared("cross_entropy", Pack(CrossEntropyAttrs{smoothing}));
    ASSERT_EQ(apart.In({2, 3}, logits).In<int32_t>({2}, {1, 0}).Run().ToString(), "ok");
    ASSERT_EQ(shared.In({2, 3}, logits).In<int32_t>({2}, {1, 0}).Alias(0, 2).Run().ToString(),
              "ok");
    EXPECT_EQ(shared.Out<double>(0), apart.Out<double>(0));
    EXPECT_EQ(shared.Out<float>(2), apart.Out<float>(2));
  }
}

TEST(CrossEntropy, NoRowsCostNothing) {
  ReferenceRun loss("cross_entropy", Pack(CrossEntropyAttrs{}));
  ASSERT_EQ(loss.In<float>({0, 3}, {}).In<int32_t>({0}, {}).Run().ToString(), "ok");
  EXPECT_EQ(loss.Out<double>(0)[0], 0.0);
  EXPECT_EQ(loss.Out<double>(1)[0], 0.0);
}

}  // namespace
}  // namespace lockstep::ops
