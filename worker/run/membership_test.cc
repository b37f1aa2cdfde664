// SPDX-License-Identifier: Apache-2.0
// A rank's heartbeat against a coordinator that answers as the test wants.
#include "worker/run/membership.h"

#include <gtest/gtest.h>

#include <future>
#include <limits>

namespace lockstep::worker {
namespace {

using std::chrono::milliseconds;

class ScriptedCoordinator : public comm::Coordinator {
 public:
  Result<comm::RegisterReply> Register(const comm::RegisterRequest&) override {
    MutexLock lock(&mutex_);
    if (unanswered_registrations > 0) {
      --unanswered_registrations;
      return DeadlineExceeded("no answer");
    }
    comm::RegisterReply reply;
    if (++registered_ < 3) {
      reply.note = "waiting for rank 1";
      return reply;
    }
    if (!refusal.ok()) return refusal;
    reply.accepted = true;
    reply.notes = {"goes on from step 7"};
    reply.assignment.generation = 4;
    return reply;
  }
  Result<comm::HeartbeatReply> Heartbeat(const comm::HeartbeatRequest& request) override {
    MutexLock lock(&mutex_);
    if (!silence.ok()) {
      lost_ += request.digests.size();
      beaten_.NotifyAll();
      return silence;
    }
    last_ = request;
    for (const comm::StepDigest& digest : request.digests) steps_.push_back(digest.step);
    beaten_.NotifyAll();
    return comm::HeartbeatReply{stop};
  }
  Status Commit(const comm::CommitRequest&) override { return OkStatus(); }
  Status Leave(const comm::LeaveRequest& request) override {
    MutexLock lock(&mutex_);
    left_ = request;
    ++goodbyes_;
    return OkStatus();
  }
  int goodbyes() {
    MutexLock lock(&mutex_);
    return goodbyes_;
  }

  void Silence(const Status& status) {
    MutexLock lock(&mutex_);
    silence = status;
  }
  void TellToStop(const Status& status) {
    MutexLock lock(&mutex_);
    stop = status;
  }
  void AwaitPhase(const std::string& phase) {
    MutexLock lock(&mutex_);
    while (last_.phase != phase) beaten_.Wait(&mutex_);
  }
  // Until a heartbeat with digests was not answered.
  void AwaitLostDigests() {
    MutexLock lock(&mutex_);
    while (lost_ == 0) beaten_.Wait(&mutex_);
  }
  std::vector<int64_t> steps() {
    MutexLock lock(&mutex_);
    return steps_;
  }
  comm::LeaveRequest left() {
    MutexLock lock(&mutex_);
    return left_;
  }

  Status refusal;
  int unanswered_registrations = 0;

 private:
  Mutex mutex_;
  CondVar beaten_;
  int registered_ GUARDED_BY(mutex_) = 0;
  Status silence GUARDED_BY(mutex_), stop GUARDED_BY(mutex_);
  comm::HeartbeatRequest last_ GUARDED_BY(mutex_);
  std::vector<int64_t> steps_ GUARDED_BY(mutex_);
  comm::LeaveRequest left_ GUARDED_BY(mutex_);
  int goodbyes_ GUARDED_BY(mutex_) = 0;
  size_t lost_ GUARDED_BY(mutex_) = 0;
};

class MembershipTest : public testing::Test {
 protected:
  std::unique_ptr<Membership> Make() {
    Membership::Options options;
    options.beat = milliseconds(2);
    options.silence_limit = silence_limit_;
    options.absence_limit = absence_limit_;
    options.say_after = milliseconds(0);
    options.pulse = &pulse_;
    options.presence = &presence_;
    options.on_stop = [this](const Status& why) { stopped_.set_value(why); };
    return std::make_unique<Membership>(&coordinator_, comm::RegisterRequest{}, options);
  }
  Status Join(Membership* membership) {
    return membership->Join([this](const std::string& note) { said_.push_back(note); }, nullptr)
        .status();
  }

  Duration silence_limit_ = std::chrono::hours(1), absence_limit_ = std::chrono::hours(1);
  HeldClock clock_;
  Pulse pulse_{&clock_};  // never beats, unless a test says so
  comm::Presence presence_;
  ScriptedCoordinator coordinator_;
  std::vector<std::string> said_;
  std::promise<Status> stopped_;
};

TEST_F(MembershipTest, RegistersUntilAcceptedAndSaysWhatItWaitsForOnce) {
  const auto membership = Make();
  ASSERT_TRUE(Join(membership.get()).ok());
  EXPECT_EQ(membership->generation(), 4);
  EXPECT_EQ(said_, (std::vector<std::string>{"waiting for rank 1", "goes on from step 7"}));
}

TEST_F(MembershipTest, ARefusalIsTheCoordinatorsOwn) {
  coordinator_.refusal = FailedPrecondition("rank 1 has another build");
  const auto membership = Make();
  EXPECT_EQ(Join(membership.get()).message(), "rank 1 has another build");
}

TEST_F(MembershipTest, GivesUpWaitingWhenAsked) {
  const auto membership = Make();
  const auto status = membership->Join([](const std::string&) {}, [] { return true; }).status();
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
}

TEST_F(MembershipTest, CarriesPhaseAndEveryDigestOnceAlsoThoseOfTheEnd) {
  const auto membership = Make();
  ASSERT_TRUE(Join(membership.get()).ok());
  membership->SetPhase("exchange");
  coordinator_.AwaitPhase("exchange");
  coordinator_.Silence(Unavailable("not now"));
  for (int64_t step = 1; step <= 5; ++step) membership->SetStep({step, 9, 9}, step % 2 == 1);
  coordinator_.AwaitLostDigests();
  coordinator_.Silence(OkStatus());
  membership->Leave(OkStatus(), 5, 9);
  EXPECT_EQ(coordinator_.steps(), (std::vector<int64_t>{1, 3, 5}));
  EXPECT_EQ(coordinator_.left().generation, 4);
  EXPECT_EQ(coordinator_.left().step, 5);
}

TEST_F(MembershipTest, IsToldToStopOnce) {
  const auto membership = Make();
  ASSERT_TRUE(Join(membership.get()).ok());
  coordinator_.TellToStop(Unavailable("rank 1 is silent"));
  EXPECT_EQ(stopped_.get_future().get().message(), "rank 1 is silent");
  EXPECT_EQ(membership->Told().message(), "rank 1 is silent");
  membership->Leave(membership->Told(), 0, 0);
}

TEST_F(MembershipTest, ACoordinatorThatIsSilentForTooLongEndsTheRank) {
  silence_limit_ = milliseconds(100);
  const auto membership = Make();
  ASSERT_TRUE(Join(membership.get()).ok());
  coordinator_.Silence(DeadlineExceeded("no answer"));
  const Status why = stopped_.get_future().get();
  EXPECT_EQ(why.code(), StatusCode::kUnavailable);
  EXPECT_NE(why.message().find("has not answered"), std::string::npos) << why;
  membership->Leave(why, 0, 0);
  EXPECT_EQ(coordinator_.goodbyes(), 0) << "a goodbye would take as long again";
}

TEST_F(MembershipTest, ARegistrationThatIsNotAnsweredAtOnceIsRepeated) {
  coordinator_.unanswered_registrations = 3;
  const auto membership = Make();
  EXPECT_TRUE(Join(membership.get()).ok());
}

TEST_F(MembershipTest, ACoordinatorThatNeverAnswersARegistrationEndsTheWait) {
  coordinator_.unanswered_registrations = std::numeric_limits<int>::max();
  silence_limit_ = milliseconds(100);
  const auto membership = Make();
  const Status status = Join(membership.get());
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("has not answered"), std::string::npos) << status;
}

TEST_F(MembershipTest, IsPresentAsAMemberFromItsRegistrationToItsGoodbye) {
  const auto membership = Make();
  EXPECT_FALSE(presence_.member);
  ASSERT_TRUE(Join(membership.get()).ok());
  EXPECT_TRUE(presence_.member);
  membership->Leave(OkStatus(), 0, 0);
  EXPECT_FALSE(presence_.member);
}

class SleepyMembershipTest : public MembershipTest {
 protected:
  // A pulse that stood still for so long, as told by the clock of the machine.
  class Nap : public Clock {
   public:
    explicit Nap(Duration length) : length_(length) {}
    TimePoint Now() const override {
      return ++looks_ == 1 ? Clock::Real().Now() - length_ : Clock::Real().Now();
    }

   private:
    const Duration length_;
    mutable std::atomic<int> looks_{0};
  };
  Status ExplainedAfter(Duration nap, const Status& failure = Unavailable("rank 1 gave up")) {
    const Nap clock(nap);
    Pulse pulse(&clock);
    pulse.Beat();
    pulse.Beat();
    Membership::Options options;
    options.pulse = &pulse;
    Membership membership(&coordinator_, {}, options);
    return membership.Explain(failure);
  }
};

TEST_F(SleepyMembershipTest, ARankThatStoodStillSaysSoBeforeItRepeatsWhatOthersSay) {
  const std::string message = ExplainedAfter(std::chrono::seconds(12)).message();
  EXPECT_TRUE(message.starts_with("this process stood still for 12.")) << message;
  EXPECT_TRUE(message.ends_with("Meanwhile: rank 1 gave up")) << message;
}

TEST_F(SleepyMembershipTest, AStandstillFarBelowTheLimitIsNoReason) {
  EXPECT_EQ(ExplainedAfter(std::chrono::seconds(3)).message(), "rank 1 gave up");
  EXPECT_EQ(ExplainedAfter(std::chrono::seconds(0)).message(), "rank 1 gave up");
}

TEST_F(SleepyMembershipTest, AFailureOfItsOwnIsNotExplainedByAStandstill) {
  EXPECT_EQ(ExplainedAfter(std::chrono::seconds(12), NonFinite("NaN")).message(), "NaN");
}

TEST_F(MembershipTest, ACoordinatorThatIsNotThereIsLostSooner) {
  absence_limit_ = milliseconds(50);
  const auto membership = Make();
  ASSERT_TRUE(Join(membership.get()).ok());
  coordinator_.Silence(Unavailable("connection refused"));
  EXPECT_EQ(stopped_.get_future().get().code(), StatusCode::kUnavailable);
  membership->Leave(membership->Told(), 0, 0);
}

TEST_F(MembershipTest, AnotherFailureOfTheCallEndsTheRankAtOnce) {
  const auto membership = Make();
  ASSERT_TRUE(Join(membership.get()).ok());
  coordinator_.Silence(Superseded("generation 5 has begun"));
  EXPECT_EQ(stopped_.get_future().get().code(), StatusCode::kSuperseded);
  membership->Leave(membership->Told(), 0, 0);
}

}  // namespace
}  // namespace lockstep::worker
