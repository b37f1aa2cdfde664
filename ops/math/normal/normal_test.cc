// SPDX-License-Identifier: Apache-2.0
#include "ops/math/normal/normal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::DoubleEq;
using ::testing::Pointwise;

const StepHeader kStep = {.seed = 1, .step = 5, .lane = 2};
const char* const kPath = "noise";
// Elements 0 to 5 for this seed, path, step and lane, from the independent program that defines the
// order of random numbers.
const std::vector<double> kTraining = {-2.489576650843964,  0.191864178134148,
                                       -2.006192331455831,  -1.2000811133758458,
                                       -0.0712741315005478, 0.34892857670501765};
const std::vector<double> kEvaluation = {-0.9578698408119093, -0.8060131108746078,
                                         -0.3632810578257618, 0.9387287991582122,
                                         0.6013412142212298,  0.9436222045289117};

template <typename T>
std::vector<T> Draw(const Shape& shape, const std::string& purpose, const std::string& path = kPath,
                    const StepHeader& step = kStep) {
  ReferenceRun run("normal",
                   Pack(NormalAttrs{shape.dims(), std::string(DTypeName(kDTypeOf<T>)), purpose}));
  run.At(path, step);
  EXPECT_EQ(run.Run().ToString(), "ok");
  return run.Out<T>(0);
}

// The other program takes sine and logarithm from its own library, which may differ in the last
// place of a double and no place of a float.
TEST(Normal, IsTheKnownDeviatesInDoubleAndRoundedOnce) {
  EXPECT_THAT(Draw<double>({2, 3}, kNormalPurpose), Pointwise(DoubleEq(), kTraining));
  EXPECT_THAT(Draw<double>({6}, kEvalPurpose), Pointwise(DoubleEq(), kEvaluation));
  EXPECT_EQ(Draw<float>({6}, kNormalPurpose),
            std::vector<float>(kTraining.begin(), kTraining.end()));
}

TEST(Normal, IsAPureFunctionOfPathSeedStepAndLane) {
  EXPECT_NE(Draw<double>({6}, kNormalPurpose, "other"), kTraining);
  EXPECT_NE(Draw<double>({6}, kNormalPurpose, kPath, {2, 5, 2}), kTraining);
  EXPECT_NE(Draw<double>({6}, kNormalPurpose, kPath, {1, 6, 2}), kTraining);
  EXPECT_NE(Draw<double>({6}, kNormalPurpose, kPath, {1, 5, 3}), kTraining);
}

TEST(Normal, HasMeanZeroAndVarianceOne) {
  double sum = 0.0, squares = 0.0;
  const std::vector<float> drawn = Draw<float>({10000}, kNormalPurpose);
  for (const double x : drawn) {
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / 1e4, 0.0, 0.05);  // five standard deviations
  EXPECT_NEAR(squares / 1e4, 1.0, 0.07);
}

TEST(Normal, RefusesAnotherPurpose) {
  ReferenceRun run("normal", Pack(NormalAttrs{{2}, "f32", "init"}));
  EXPECT_EQ(run.At(kPath, kStep).Run().message(), "purpose is 'init', expected 'normal' or 'eval'");
}

}  // namespace
}  // namespace lockstep::ops
