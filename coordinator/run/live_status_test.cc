// SPDX-License-Identifier: Apache-2.0
// What the coordinator leaves for `lockstep status`, while a run goes on and at its end.
#include "coordinator/run/live_status.h"

#include "coordinator/run/testing/run_coordinator_fixture.h"

namespace lockstep::coordinator {
namespace {

class LiveStatusTest : public RunCoordinatorTest {
 protected:
  storage::GenerationStatus Read() const {
    const auto status = storage::ReadGenerationStatus(scratch_.path(), generation_);
    EXPECT_TRUE(status.ok()) << status.status();
    return status.ok() ? *status : storage::GenerationStatus{};
  }
};

TEST_F(LiveStatusTest, WhereTheRanksAreIsWrittenEveryTwoSeconds) {
  Start(2);
  Pass(seconds(4), {0, 1});
  const storage::GenerationStatus status = Read();
  ASSERT_EQ(status.ranks.size(), 2u);
  EXPECT_EQ(status.ranks[1].phase, "forward");
  EXPECT_EQ(status.ranks[1].step, 17);
  EXPECT_EQ(status.step, 17);
  EXPECT_EQ(status.total_steps, 1000);
  EXPECT_EQ(status.steps_per_epoch, 25);  // 1000 samples in 8 lanes of 5
  EXPECT_EQ(status.recent_steps, 17);
  EXPECT_GE(status.elapsed_ms, 2000);
  EXPECT_EQ(status.end, "");
}

TEST_F(LiveStatusTest, AFinishedRunSaysSo) {
  Start(2);
  EndWell(2);
  EXPECT_EQ(Read().end, "ok");
  EXPECT_TRUE(Read().ranks[0].left);
}

TEST_F(LiveStatusTest, ARankThatFailsIsTheReason) {
  Start(2);
  EXPECT_TRUE(LeaveWith(1, NonFinite("the loss is not finite")).ok());
  coordinator_->Tick();
  EXPECT_EQ(Read().end, StatusCodeName(StatusCode::kNonFinite));
  EXPECT_NE(Read().reason.find("the loss is not finite"), std::string::npos);
}

TEST_F(LiveStatusTest, AStopOnRequestIsTheReason) {
  Start(1);
  EXPECT_TRUE(LeaveWith(0, Cancelled("stopped on request after step 17")).ok());
  coordinator_.reset();  // no Tick came in between
  EXPECT_EQ(Read().end, StatusCodeName(StatusCode::kCancelled));
}

TEST_F(LiveStatusTest, ACoordinatorThatIsEndedSaysSo) {
  Start(1);
  coordinator_.reset();
  EXPECT_EQ(Read().end, StatusCodeName(StatusCode::kUnavailable));
}

TEST_F(LiveStatusTest, AStatusThatCannotBeWrittenEndsNothing) {
  Start(1);
  // A folder of the temporary file's name is in the way.
  ASSERT_TRUE(MakeDirs(scratch_.path() + "/generations/.tmp-" +
                       storage::GenerationName(generation_) + ".status/full")
                  .ok());
  Pass(seconds(6), {0});
  EXPECT_TRUE(Beat(0).ok());
  EndWell(1);
  EXPECT_TRUE(coordinator_->finished());
}

}  // namespace
}  // namespace lockstep::coordinator
