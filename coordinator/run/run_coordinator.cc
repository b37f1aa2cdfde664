// SPDX-License-Identifier: Apache-2.0
// The calls of the ranks. What lasts is in run_coordinator_tick.cc.
#include "coordinator/run/run_coordinator.h"

#include "base/check.h"
#include "base/log.h"
#include "comm/rpc/request_check.h"
#include "coordinator/membership/member_check.h"
#include "storage/checkpoint/checkpoint.h"

namespace lockstep::coordinator {

using comm::HeartbeatReply;
using comm::RegisterReply;
using comm::RegisterRequest;

RunCoordinator::RunCoordinator(RunCoordinatorOptions options) : options_(std::move(options)) {
  if (options_.own_thread) thread_ = Thread("of the coordinator", [this] { RunThread(); });
}

RunCoordinator::~RunCoordinator() {
  {
    MutexLock lock(&mutex_);
    ending_ = true;
    Wake();
  }
  if (thread_.joinable()) thread_.Join();
  MutexLock lock(&mutex_);
  if (run_ != nullptr) {
    run_->status->End(state_ == State::kOver ? over_status_
                                             : Unavailable("its coordinator was ended"));
    run_->status->Write();
  }
}

Result<RegisterReply> RunCoordinator::Register(const RegisterRequest& request) {
  RETURN_IF_ERROR(CheckRequest(request));
  MutexLock lock(&mutex_);
  Member* member = members_.Find(request.member);
  if (member != nullptr) {
    member->heard = Now();
    if (state_ != State::kOver) return AnswerMember(member);
    if (!member->told && !member->left && !over_status_.ok()) {
      member->told = true;
      Wake();
      return over_status_;
    }
  }
  return AnswerStranger(request, member);
}

RegisterReply RunCoordinator::NotYet(std::string note) const {
  RegisterReply reply;
  reply.note = std::move(note);
  return reply;
}

RegisterReply RunCoordinator::AnswerMember(Member* member) {
  if (state_ != State::kRunning) return NotYet(note_);
  const auto rank = static_cast<size_t>(member->request.member.rank.value);
  member->has_assignment = true;
  RegisterReply reply;
  reply.accepted = true;
  reply.assignment = run_->assignments[rank];
  reply.notes = run_->notes;
  return reply;
}

Result<RegisterReply> RunCoordinator::AnswerStranger(const RegisterRequest& request,
                                                     const Member* known) {
  const TimePoint now = Now();
  if (state_ == State::kGathering) {
    members_.RemoveSilent(now, options_.gone);
    if (members_.Find(request.member.rank) != nullptr) {
      return WaitForPlace(request, options_.patience);
    }
    if (members_.empty()) BeginGathering();
    return Join(request);
  }
  if (!members_.AllGone(now, options_.gone, known)) {
    // The members of a membership that is over end by themselves; those of a living one do not.
    return WaitForPlace(request,
                        state_ == State::kOver ? options_.gather_limit : options_.patience);
  }
  End(Unavailable("all ranks have been silent and others have taken their places"));
  BeginGathering();
  return Join(request);
}

Result<RegisterReply> RunCoordinator::WaitForPlace(const RegisterRequest& request,
                                                   Duration patience) {
  const comm::MemberInfo& member = request.member;
  const TimePoint now = Now();
  const std::string present = members_.Present(now, options_.gone);
  const auto [it, added] =
      strangers_.try_emplace({member.rank.value, member.host, member.pid}, now);
  if (now - it->second <= patience) return NotYet("waiting for " + present + " to end");
  strangers_.erase(it);
  return AlreadyExists(NameOf(member) + " is one too many: the run '" + members_.run_directory() +
                       "' has " + present +
                       ", which are alive; end those first, or start a coordinator of its own "
                       "for another run");
}

Result<RegisterReply> RunCoordinator::Join(const RegisterRequest& request) {
  if (const Status fits = members_.CheckFits(request); !fits.ok()) {
    // The run cannot begin with such a rank, so nobody waits for another.
    End(fits);
    return fits;
  }
  members_.Add(request, Now());
  LOG(kInfo) << NameOf(request.member) << " of " << request.member.world_size << " registered";
  note_ = members_.Complete() ? "all ranks are there; looking at the run directory"
                              : "waiting for " + members_.Missing();
  Wake();
  return NotYet(note_);
}

void RunCoordinator::BeginGathering() {
  if (run_ != nullptr) {
    run_->status->End(over_status_);
    retired_.push_back(std::move(run_));
  }
  run_ = nullptr;
  members_.Clear();
  strangers_.clear();
  has_generation_ = false;
  over_status_ = OkStatus();
  state_ = State::kGathering;
  began_ = Now();
  ++membership_;
}

void RunCoordinator::End(const Status& reason) {
  CHECK(!reason.ok());
  if (state_ == State::kOver) return;
  state_ = State::kOver;
  over_status_ = reason;
  // No warning: each rank is told, and the process that ends with it says so as its failure.
  LOG(kInfo) << "the membership is over: " << reason.ToString();
  Wake();
}

void RunCoordinator::Wake() {
  wanted_ = true;
  wake_.NotifyAll();
}

Result<Member*> RunCoordinator::SenderOf(int64_t generation, Rank rank) {
  const std::string its = "generation " + std::to_string(generation);
  if (generation > generation_) {
    return Unavailable("this coordinator does not know " + its +
                       " of the run; it was started later. Start the run again");
  }
  if (generation < generation_ || !has_generation_) {
    return Superseded(its + " of the run has ended" +
                      (generation < generation_
                           ? "; generation " + std::to_string(generation_) + " has begun"
                           : "; another one is about to begin"));
  }
  Member* member = members_.Find(rank);
  if (member == nullptr) {
    return InvalidArgument("rank " + std::to_string(rank.value) + " is not of " + its +
                           ", which has " + std::to_string(members_.world_size()) + " ranks");
  }
  member->heard = Now();
  return member;
}

Result<HeartbeatReply> RunCoordinator::Heartbeat(const comm::HeartbeatRequest& request) {
  RETURN_IF_ERROR(CheckRequest(request));
  if (!request.digests.empty() && request.rank.value != 0) {
    return InvalidArgument("digests come from rank 0 alone, not from rank " +
                           std::to_string(request.rank.value));
  }
  std::shared_ptr<ClaimedRun> run;
  HeartbeatReply reply;
  {
    MutexLock lock(&mutex_);
    const Result<Member*> found = SenderOf(request.generation, request.rank);
    if (found.status().code() == StatusCode::kSuperseded) return HeartbeatReply{found.status()};
    if (!found.ok()) return found.status();
    Member* member = *found;
    member->phase = request.phase;
    member->step = request.step;
    member->stop_wanted = request.stop_wanted;
    reply.stop_wanted = members_.AnyWantsToStop();
    if (state_ == State::kOver) {
      member->told = true;
      return HeartbeatReply{over_status_};
    }
    run = run_;
  }
  if (run->ledger == nullptr) return reply;
  reply.stop = run->ledger->AddSteps(request.digests);
  if (!reply.stop.ok()) {
    MutexLock lock(&mutex_);
    if (run_ == run) End(reply.stop);
  }
  return reply;
}

Status RunCoordinator::Commit(const comm::CommitRequest& request) {
  RETURN_IF_ERROR(CheckRequest(request));
  const auto id = storage::CheckpointId::Parse(request.checkpoint);
  if (!id || id->step != request.step) {
    return InvalidArgument("'" + request.checkpoint + "' is not the name of a checkpoint of step " +
                           std::to_string(request.step));
  }
  std::shared_ptr<ClaimedRun> run;
  {
    MutexLock lock(&mutex_);
    RETURN_IF_ERROR(SenderOf(request.generation, request.rank).status());
    run = run_;
  }
  LOG(kInfo) << "checkpoint " << request.checkpoint << " is in place";
  if (run != nullptr && run->ledger != nullptr) {
    run->ledger->AddCheckpoint(request.checkpoint, request.digest);
  }
  return OkStatus();
}

Status RunCoordinator::Leave(const comm::LeaveRequest& request) {
  RETURN_IF_ERROR(CheckRequest(request));
  // One that ends before it was accepted says nothing of who it is: its silence will.
  if (request.generation == 0) return OkStatus();
  MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(Member * member, SenderOf(request.generation, request.rank));
  const std::string name = NameOf(member->request.member);
  member->left = true;
  member->left_well = request.status.ok();
  member->step = request.step;
  LOG(kInfo) << name << " left at step " << request.step << ": " << request.status.ToString();
  if (!request.status.ok()) {
    End(Status(request.status.code(), name + " ended: " + request.status.message()));
  } else if (state_ == State::kRunning && members_.AllLeftWell()) {
    state_ = State::kOver;
    over_status_ = OkStatus();
  }
  Wake();
  return OkStatus();
}

void RunCoordinator::Stop(const Status& reason) {
  MutexLock lock(&mutex_);
  if (!members_.empty()) End(reason);
}

bool RunCoordinator::idle() const {
  MutexLock lock(&mutex_);
  return state_ == State::kGathering && members_.empty();
}

bool RunCoordinator::over() const { return state() == State::kOver; }

bool RunCoordinator::finished() const {
  MutexLock lock(&mutex_);
  return state_ == State::kOver && over_status_.ok();
}

Status RunCoordinator::OverStatus() const {
  MutexLock lock(&mutex_);
  return over_status_;
}

RunCoordinator::State RunCoordinator::state() const {
  MutexLock lock(&mutex_);
  return state_;
}

}  // namespace lockstep::coordinator
