// SPDX-License-Identifier: Apache-2.0
// A rank that is told to end while it is busy is ended by its heartbeat, with the exit code of what
// it was told: a launcher and the script around it decide by that.
#include <gtest/gtest.h>
#include <unistd.h>

#include "worker/run/membership.h"

namespace lockstep::worker {
namespace {

using std::chrono::milliseconds;

// Accepts at once and tells everyone to end.
class EndingCoordinator : public comm::Coordinator {
 public:
  explicit EndingCoordinator(Status why) : why_(std::move(why)) {}
  Result<comm::RegisterReply> Register(const comm::RegisterRequest&) override {
    comm::RegisterReply reply;
    reply.accepted = true;
    reply.assignment.generation = 1;
    return reply;
  }
  Result<comm::HeartbeatReply> Heartbeat(const comm::HeartbeatRequest&) override {
    return comm::HeartbeatReply{why_};
  }
  Status Commit(const comm::CommitRequest&) override { return OkStatus(); }
  Status Leave(const comm::LeaveRequest&) override { return OkStatus(); }

 private:
  const Status why_;
};

// Never returns: the heartbeat must end the process.
void StayBusyWhileToldToEnd(const Status& why) {
  ::alarm(60);
  EndingCoordinator coordinator(why);
  comm::RegisterRequest request;
  request.member.rank = Rank(3);
  Membership::Options options;
  options.beat = milliseconds(2);
  options.grace = milliseconds(20);
  Membership membership(&coordinator, request, options);
  membership.SetPhase("forward and backward");
  (void)membership.Join([](const std::string&) {}, nullptr).status();
  for (;;) ::pause();
}

TEST(MembershipExitTest, OfABusyRankIsThatOfWhatItWasTold) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(StayBusyWhileToldToEnd(Unavailable("rank 1 is silent")), testing::ExitedWithCode(69),
              "rank 3: .*rank 1 is silent.*busy in phase 'forward and backward'");
  EXPECT_EXIT(StayBusyWhileToldToEnd(Superseded("generation 2 has begun")),
              testing::ExitedWithCode(76), "generation 2 has begun");
  EXPECT_EXIT(StayBusyWhileToldToEnd(DataLoss("step 7 was done again")),
              testing::ExitedWithCode(65), "step 7 was done again");
}

}  // namespace
}  // namespace lockstep::worker
