// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/bce_with_logits/bce_with_logits.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

TEST(BceWithLogits, IsFiniteForLogitsOfAnySize) {
  ReferenceRun run("bce_with_logits", Pack(bce_with_logits::BceOptions{}));
  run.In<float>({4}, {1e30f, -1e30f, -100, 0}).In<float>({4}, {1, 0, 1, 0.5});
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_NEAR(run.Out<double>(0)[0], 100 + std::log(2.0), 1e-12);
  EXPECT_EQ(run.Out<double>(1)[0], 4.0);
}

TEST(BceWithLogits, OfATargetOfAnotherShapeIsRefused) {
  ReferenceRun run("bce_with_logits", Pack(bce_with_logits::BceOptions{}));
  const Status refused = run.In<float>({2}, {0, 0}).In<float>({1}, {0}).Run();
  EXPECT_NE(refused.message().find("the prediction and the target"), std::string::npos) << refused;
}

TEST(BceWithLogits, AWeightIsOfItsLabelWhereASampleHasIt) {
  ReferenceRun run("bce_with_logits", Pack(bce_with_logits::BceOptions{{3.0, 1.0}}));
  run.In<float>({2, 2}, {0, 0, 0, -1e30f}).In<float>({2, 2}, {1, 1, 0, 0});
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_NEAR(run.Out<double>(0)[0], (3.0 + 1.0 + 1.0) * std::log(2.0), 1e-15);
}

TEST(BceWithLogits, WeightsForAnotherNumberOfLabelsAreRefused) {
  ReferenceRun run("bce_with_logits", Pack(bce_with_logits::BceOptions{{3.0, 1.0}}));
  const Status refused = run.In<float>({1, 3}, {0, 0, 0}).In<float>({1, 3}, {0, 0, 0}).Run();
  EXPECT_NE(refused.message().find("loss.pos_weight has 2 numbers; expected one for each of the 3"),
            std::string::npos)
      << refused;
}

}  // namespace
}  // namespace lockstep::ops
