// SPDX-License-Identifier: Apache-2.0
// RunCoordinator: the state machine of one run, one membership after the other.
//
//   gathering   ranks register until all are there; one that differs from rank 0 ends the attempt
//   waiting     for whoever holds the run directory to end
//   deciding    where to go on (recovery/), taking the generation, opening the ledger
//   running     heartbeats, commits; a silent or failed rank ends the membership for all
//   over        everyone is told; once all are gone, another membership may gather
//
// The calls of comm::Coordinator only note and answer: everything that lasts happens in Tick, which
// a thread of its own calls several times a second. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/process.h"
#include "base/pulse.h"
#include "base/status.h"
#include "base/thread.h"
#include "comm/coordinator.h"
#include "coordinator/run/claimed_run.h"
#include "coordinator/run/members.h"

namespace lockstep::coordinator {

struct RunCoordinatorOptions {
  Duration gather_limit = std::chrono::seconds(60);  // from the first rank to the last
  Duration gone = std::chrono::seconds(2);  // silence after which others may take a rank's place
  Duration patience = std::chrono::seconds(5);  // how long a second process waits for that
  ClaimOptions claim;
  const Clock* clock = &Clock::Real();
  const Pulse* pulse = &Pulse::OfProcess();
  bool own_thread = true;  // false: whoever owns it calls Tick; for tests
};

class RunCoordinator : public comm::Coordinator {
 public:
  explicit RunCoordinator(RunCoordinatorOptions options);
  // Gives the run back: an orderly end of its generation.
  ~RunCoordinator() override;
  RunCoordinator(const RunCoordinator&) = delete;
  RunCoordinator& operator=(const RunCoordinator&) = delete;

  Result<comm::RegisterReply> Register(const comm::RegisterRequest& request) override;
  // The reply says `stop` to a rank of an older generation, and once the run is over.
  Result<comm::HeartbeatReply> Heartbeat(const comm::HeartbeatRequest& request) override;
  Status Commit(const comm::CommitRequest& request) override;
  Status Leave(const comm::LeaveRequest& request) override;

  // Does what is due. Needs no call where there is a thread.
  void Tick();
  // Ends the membership, if there is one, with a failed status.
  void Stop(const Status& reason);

  bool idle() const;          // no rank has registered
  bool over() const;          // the present membership has ended, well or not
  bool finished() const;      // it has, and every rank left well
  Status OverStatus() const;  // why it ended; OK where it has not, or every rank left well
  // Whether the membership is over, everyone has left or is silent, and the run directory is given
  // back.
  bool WaitUntilEveryoneLeft(Deadline deadline);

 private:
  enum class State { kGathering, kWaiting, kDeciding, kRunning, kOver };

  comm::RegisterReply AnswerMember(Member* member) REQUIRES(mutex_);
  // A process that is not of the membership joins, waits for a place, or is refused. `known` (may
  // be null) is what it was in one that is over.
  Result<comm::RegisterReply> AnswerStranger(const comm::RegisterRequest& request,
                                             const Member* known) REQUIRES(mutex_);
  Result<comm::RegisterReply> WaitForPlace(const comm::RegisterRequest& request, Duration patience)
      REQUIRES(mutex_);
  Result<comm::RegisterReply> Join(const comm::RegisterRequest& request) REQUIRES(mutex_);
  comm::RegisterReply NotYet(std::string note) const;
  void BeginGathering() REQUIRES(mutex_);
  void End(const Status& reason) REQUIRES(mutex_);
  void Wake() REQUIRES(mutex_);
  // The member a message of this generation and rank is from, or why it is refused.
  Result<Member*> SenderOf(int64_t generation, Rank rank) REQUIRES(mutex_);

  void RunThread();
  void Watch() REQUIRES(mutex_);
  void ForgiveGap(TimePoint now) REQUIRES(mutex_);
  // "; before that ..." where this process has lately stood still for long enough that the ranks
  // may have given it up, else an empty text.
  std::string OwnStandstill() const REQUIRES(mutex_);
  void EndLost(const std::string& message) REQUIRES(mutex_);
  void CheckGathering(TimePoint now) REQUIRES(mutex_);
  void CheckSilence(TimePoint now) REQUIRES(mutex_);
  void CheckDead() REQUIRES(tick_mutex_) EXCLUDES(mutex_);
  void WaitForHolder() REQUIRES(tick_mutex_) EXCLUDES(mutex_);
  void Decide() REQUIRES(tick_mutex_) EXCLUDES(mutex_);
  // Whether the decision of this membership is still waited for.
  bool Wanted(int64_t membership) const EXCLUDES(mutex_);
  void Begin(std::shared_ptr<ClaimedRun> run) REQUIRES(mutex_);
  // Tells whoever looks into the run directory where the ranks are.
  void WriteStatus() REQUIRES(tick_mutex_) EXCLUDES(mutex_);
  void ReleaseIfGone() REQUIRES(tick_mutex_) EXCLUDES(mutex_);
  bool GivenBack() EXCLUDES(tick_mutex_, mutex_);
  State state() const EXCLUDES(mutex_);
  TimePoint Now() const { return options_.clock->Now(); }

  const RunCoordinatorOptions options_;
  const std::string host_ = HostName();

  Mutex tick_mutex_;  // one Tick at a time; taken before mutex_
  std::optional<storage::Generation::Waiter> waiter_ GUARDED_BY(tick_mutex_);
  int64_t free_after_ GUARDED_BY(tick_mutex_) = 0;  // the generation that nobody holds
  int64_t waiter_of_ GUARDED_BY(tick_mutex_) = -1;  // which membership it waits for

  mutable Mutex mutex_;  // never held while files are touched
  CondVar wake_;
  bool wanted_ GUARDED_BY(mutex_) = false;  // a Tick has something to do
  bool ending_ GUARDED_BY(mutex_) = false;
  State state_ GUARDED_BY(mutex_) = State::kGathering;
  Members members_ GUARDED_BY(mutex_);
  int64_t membership_ GUARDED_BY(mutex_) =
      0;  // counts them; what was begun for an older is dropped
  int64_t generation_ GUARDED_BY(mutex_) = 0;       // the last one taken; 0: none yet
  bool has_generation_ GUARDED_BY(mutex_) = false;  // the present membership
  TimePoint began_ GUARDED_BY(mutex_){};            // gathering
  std::optional<TimePoint> ticked_ GUARDED_BY(mutex_);
  std::string note_ GUARDED_BY(mutex_);  // what is waited for
  Status over_status_ GUARDED_BY(mutex_);
  // While running and until all are gone. Shared with calls that write to its ledger meanwhile.
  std::shared_ptr<ClaimedRun> run_ GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<ClaimedRun>> retired_ GUARDED_BY(mutex_);  // to be given back
  // Processes that wait for a place (rank, host, pid), and since when.
  std::map<std::tuple<int32_t, std::string, int64_t>, TimePoint> strangers_ GUARDED_BY(mutex_);
  Thread thread_;
};

}  // namespace lockstep::coordinator
