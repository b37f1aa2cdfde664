// SPDX-License-Identifier: Apache-2.0
// The work that lasts: watching the ranks, waiting for a holder, deciding, giving the run back. One
// thread at a time does it, and touches files without holding the lock that answers ranks.
#include <algorithm>

#include "base/format.h"
#include "base/log.h"
#include "coordinator/membership/member_check.h"
#include "coordinator/run/run_coordinator.h"

namespace lockstep::coordinator {
namespace {

constexpr Duration kBetweenTicks = std::chrono::milliseconds(200);
constexpr Duration kGap = std::chrono::seconds(1);

Duration LimitOf(const comm::RunInfo& run) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(run.heartbeat_limit));
}

}  // namespace

void RunCoordinator::RunThread() {
  for (;;) {
    Tick();
    MutexLock lock(&mutex_);
    const TimePoint next = Clock::Real().Now() + kBetweenTicks;
    while (!wanted_ && !ending_ && wake_.WaitUntil(&mutex_, next)) {
    }
    wanted_ = false;
    if (ending_) return;
  }
}

void RunCoordinator::Tick() {
  MutexLock tick(&tick_mutex_);
  std::vector<std::shared_ptr<ClaimedRun>> retired;
  {
    MutexLock lock(&mutex_);
    Watch();
    retired.swap(retired_);
  }
  for (const auto& run : retired) run->status->Write();
  retired.clear();
  CheckDead();
  if (state() == State::kWaiting) WaitForHolder();
  if (state() == State::kDeciding) Decide();
  WriteStatus();
  ReleaseIfGone();
}

void RunCoordinator::Watch() {
  const TimePoint now = Now();
  ForgiveGap(now);
  std::erase_if(strangers_, [&](const auto& stranger) {
    return now - stranger.second > options_.patience + options_.gather_limit;
  });
  if (state_ == State::kGathering) return CheckGathering(now);
  if (state_ == State::kOver) return;
  CheckSilence(now);
  if (state_ != State::kRunning) return;
  if (const Status health = run_->generation->Health(); !health.ok()) End(health);
}

// While this process did not run, or was busy reading checkpoints, nobody's silence counts.
void RunCoordinator::ForgiveGap(TimePoint now) {
  if (ticked_ && now - *ticked_ > kGap) {
    members_.Forgive(now - *ticked_ - kBetweenTicks, now);
  }
  ticked_ = now;
}

void RunCoordinator::CheckGathering(TimePoint now) {
  if (members_.empty()) return;
  if (members_.Complete()) {
    // One that ended meanwhile is waited for: whoever takes its place is on the way.
    const Member* silent = members_.FirstSilent(now, options_.gone);
    if (silent == nullptr) {
      state_ = State::kWaiting;
      LOG(kInfo) << "all " << members_.world_size() << " rank(s) are there";
      return;
    }
    note_ = "waiting for " + NameOf(silent->request.member) + ", which registered and went silent";
  }
  if (now - began_ <= options_.gather_limit) return;
  End(DeadlineExceeded(
      (members_.Complete() ? "after all ranks registered one went silent"
                           : members_.Missing() + " did not register") +
      (" within " + SecondsText(options_.gather_limit)) +
      "; look whether they were started, what they say, and whether they can reach this address"));
}

// A rank of this machine whose process was killed or has crashed is lost before it is silent.
void RunCoordinator::CheckDead() {
  std::vector<comm::MemberInfo> present;
  int64_t membership = 0;
  {
    MutexLock lock(&mutex_);
    if (state_ == State::kGathering || state_ == State::kOver) return;
    present = members_.PresentOn(host_);
    membership = membership_;
  }
  for (const comm::MemberInfo& info : present) {
    const ProcessIdentity process = {info.host, info.boot_id, info.pid_namespace, info.pid,
                                     info.process_start};
    if (!IsCertainlyGone(process)) continue;
    MutexLock lock(&mutex_);
    const Member* member = membership_ == membership ? members_.Find(info) : nullptr;
    if (member == nullptr || member->left) return;
    const std::string slept = OwnStandstill();
    EndLost(NameOf(info) +
            (slept.empty() ? " is gone: its process was killed or crashed" : " has ended" + slept) +
            "; last heard of " + SecondsText(Now() - member->heard) + " ago in phase '" +
            member->phase + "' at step " + std::to_string(member->step));
    return;
  }
}

void RunCoordinator::EndLost(const std::string& message) {
  End(Unavailable(message +
                  "; start the same command again: the run goes on from its last checkpoint"));
}

std::string RunCoordinator::OwnStandstill() const {
  const Duration limit = LimitOf(members_.rank0().run);
  // A rank that gives up takes a while to end.
  const Duration slept = options_.pulse->LongestEndedSince(Now() - 2 * limit);
  if (2 * slept < limit) return "";
  return ", after the process of the coordinator (host " + host_ + ", pid " +
         std::to_string(OwnProcess().pid) + ") itself stood still for " + SecondsText(slept) +
         ": it was stopped, its machine was suspended, or it got no core, and the ranks take such "
         "a silence for its end";
}

void RunCoordinator::CheckSilence(TimePoint now) {
  const Member* silent = members_.FirstSilent(now, LimitOf(members_.rank0().run));
  if (silent == nullptr) return;
  EndLost(NameOf(silent->request.member) + " has been silent for " +
          SecondsText(now - silent->heard) + OwnStandstill() + "; last heard of in phase '" +
          silent->phase + "' at step " + std::to_string(silent->step) +
          "; look whether it was stopped or its machine is gone");
}

void RunCoordinator::WaitForHolder() {
  comm::RunInfo run;
  int64_t membership = 0;
  {
    MutexLock lock(&mutex_);
    if (state_ != State::kWaiting) return;
    run = members_.rank0().run;
    membership = membership_;
  }
  if (!waiter_ || waiter_of_ != membership) {
    waiter_.emplace(run.run_directory, run.takeover, options_.claim.timing);
    waiter_of_ = membership;
  }
  const Result<bool> free = waiter_->Poll();
  const bool done = !free.ok() || *free;
  const std::string note = waiter_->note();
  free_after_ = waiter_->newest();
  if (done) waiter_.reset();
  MutexLock lock(&mutex_);
  if (membership_ != membership || state_ != State::kWaiting) return;
  if (!free.ok()) return End(free.status());
  if (done) state_ = State::kDeciding;
  if (!done && note_ != note) {
    LOG(kInfo) << note;
  }
  note_ = done ? "looking for the checkpoint to go on from" : note;
}

void RunCoordinator::Decide() {
  comm::RegisterRequest rank0;
  int64_t membership = 0;
  {
    MutexLock lock(&mutex_);
    if (state_ != State::kDeciding) return;
    rank0 = members_.rank0();
    membership = membership_;
  }
  // Reading a checkpoint may take minutes; nobody wants it once the ranks have given up.
  const auto wanted = [&](int64_t) {
    return Wanted(membership) ? OkStatus() : Cancelled("the ranks have given up");
  };
  Result<std::unique_ptr<ClaimedRun>> claimed =
      ClaimRun(rank0, options_.claim, free_after_, wanted);
  std::shared_ptr<ClaimedRun> run;  // outlives the lock: a run that is not wanted is given back
  if (claimed.ok()) run = *std::move(claimed);
  MutexLock lock(&mutex_);
  if (membership_ != membership || state_ != State::kDeciding) return;
  if (!claimed.ok()) return End(claimed.status());
  if (run == nullptr) {
    state_ = State::kWaiting;
    return;
  }
  Begin(std::move(run));
}

bool RunCoordinator::Wanted(int64_t membership) const {
  MutexLock lock(&mutex_);
  return !ending_ && membership_ == membership && state_ == State::kDeciding;
}

void RunCoordinator::Begin(std::shared_ptr<ClaimedRun> run) {
  const storage::GenerationInfo& info = run->generation->info();
  generation_ = info.number;
  has_generation_ = true;
  LOG(kInfo) << "generation " << info.number << " of '" << run->generation->run_directory()
             << "', branch " << info.branch << ", " << members_.world_size() << " rank(s)";
  for (const std::string& note : run->notes) LOG(kInfo) << note;
  run_ = std::move(run);
  run_->status = std::make_unique<LiveStatus>(members_.rank0().run, info.number,
                                              run_->assignments.front().step, Now());
  state_ = State::kRunning;
  members_.HeardAll(Now());
}

void RunCoordinator::WriteStatus() {
  std::shared_ptr<ClaimedRun> run;
  {
    MutexLock lock(&mutex_);
    const bool over = state_ == State::kOver;
    if (run_ == nullptr || (!over && !run_->status->Due(Now())) || run_->status->ended()) return;
    run = run_;
    run->status->Note(members_.Statuses(Now()), Now());
    if (over) run->status->End(over_status_);
  }
  run->status->Write();
}

void RunCoordinator::ReleaseIfGone() {
  std::shared_ptr<ClaimedRun> run;  // given back after the lock
  MutexLock lock(&mutex_);
  if (state_ != State::kOver || !members_.AllGone(Now(), options_.gone, nullptr)) return;
  // Its end may have come since it was last written: then the next Tick writes it first.
  if (run_ != nullptr && !run_->status->ended()) return Wake();
  run.swap(run_);
}

bool RunCoordinator::WaitUntilEveryoneLeft(Deadline deadline) {
  for (;;) {
    Tick();
    if (GivenBack()) return true;
    if (deadline.Passed()) return false;
    MutexLock lock(&mutex_);
    const TimePoint soon = Clock::Real().Now() + kBetweenTicks / 4;
    wake_.WaitUntil(&mutex_, std::min(deadline.when(), soon));
  }
}

bool RunCoordinator::GivenBack() {
  MutexLock tick(&tick_mutex_);  // nobody is in the midst of it
  MutexLock lock(&mutex_);
  return state_ == State::kOver && run_ == nullptr && retired_.empty();
}

}  // namespace lockstep::coordinator
