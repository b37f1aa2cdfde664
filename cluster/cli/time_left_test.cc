// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/time_left.h"

#include <chrono>

#include "gtest/gtest.h"

namespace lockstep::cluster {
namespace {

using namespace std::chrono_literals;

class TimeLeftTest : public ::testing::Test {
 protected:
  void Steps(int64_t from, int64_t to, int64_t evaluations) {
    for (int64_t step = from; step <= to; ++step) {
      now_ += 100ms;
      left_.OnStep(now_, step, 1000, evaluations);
    }
  }
  void Evaluate(int64_t batches) {
    left_.OnEvaluation(now_, 0, 0);
    for (int64_t done = 1; done <= batches; ++done) {
      now_ += 1s;
      left_.OnEvaluation(now_, done, batches);
    }
  }

  TimePoint now_{};
  TimeLeft left_;
};

TEST_F(TimeLeftTest, IsNotKnownBeforeASecondStep) {
  Steps(1, 1, 0);
  EXPECT_LT(left_.run(), 0);
  Steps(2, 2, 0);
  EXPECT_NEAR(left_.run(), 99.8, 1e-6);
}

TEST_F(TimeLeftTest, StepsBeforeARunWentOnCountForNothing) {
  Steps(501, 511, 0);
  EXPECT_NEAR(left_.run(), 48.9, 1e-6);
}

TEST_F(TimeLeftTest, EvaluationsToComeTakeWhatTheLastOneTook) {
  Steps(1, 100, 10);
  Evaluate(20);
  Steps(101, 200, 9);  // the evaluation is no part of a step
  EXPECT_NEAR(left_.run(), 80 + 9 * 20, 1e-6);
}

TEST_F(TimeLeftTest, AnEvaluationHasItsOwn) {
  Steps(1, 3, 1);
  left_.OnEvaluation(now_, 0, 0);
  now_ += 5s;  // until the first batch is there
  left_.OnEvaluation(now_, 1, 91);
  EXPECT_LT(left_.evaluation(), 0);
  now_ += 1s;
  left_.OnEvaluation(now_, 2, 91);
  EXPECT_NEAR(left_.evaluation(), 89, 1e-6);
  now_ += 9s;
  left_.OnEvaluation(now_, 11, 91);
  EXPECT_NEAR(left_.evaluation(), 80, 1e-6);
  Steps(4, 4, 0);
  EXPECT_LT(left_.evaluation(), 0);
}

}  // namespace
}  // namespace lockstep::cluster
