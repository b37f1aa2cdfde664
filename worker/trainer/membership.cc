// SPDX-License-Identifier: Apache-2.0
#include "worker/trainer/membership.h"

#include <cstdlib>

#include "base/log.h"
#include "base/terminal.h"

namespace lockstep::worker {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(50);
constexpr size_t kMostDigestsABeat = 4096;

}  // namespace

Membership::Membership(comm::Coordinator* coordinator, comm::RegisterRequest request,
                       Options options)
    : coordinator_(coordinator), request_(std::move(request)), options_(std::move(options)) {}

Membership::~Membership() {
  {
    MutexLock lock(&mutex_);
    leaving_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

Result<comm::Assignment> Membership::Join(const std::function<void(const std::string&)>& say,
                                          const std::function<bool()>& give_up) {
  std::string waiting, said;
  TimePoint since = Clock::Real().Now();
  while (true) {
    ASSIGN_OR_RETURN(const comm::RegisterReply reply, coordinator_->Register(request_));
    if (reply.accepted) {
      for (const std::string& note : reply.notes) say(note);
      generation_ = reply.assignment.generation;
      thread_ = std::thread([this] { Beat(); });
      return reply.assignment;
    }
    if (reply.note != waiting) {
      waiting = reply.note;
      since = Clock::Real().Now();
    }
    if (waiting != said && Clock::Real().Now() - since >= options_.say_after) say(said = waiting);
    if (give_up && give_up()) return Cancelled("stopped on request before the run began");
    MutexLock lock(&mutex_);
    changed_.WaitUntil(&mutex_, Clock::Real().Now() + kPoll);
  }
}

void Membership::SetStep(const comm::StepDigest& digest, bool report) {
  MutexLock lock(&mutex_);
  step_ = digest.step;
  if (report) digests_.push_back(digest);
  if (digests_.size() >= kMostDigestsABeat) changed_.NotifyAll();
}

Status Membership::Commit(const std::string& checkpoint, int64_t step, uint64_t digest) {
  return coordinator_->Commit({generation_, request_.member.rank, checkpoint, step, digest});
}

Status Membership::Told() const {
  MutexLock lock(&mutex_);
  return told_;
}

void Membership::Leave(const Status& status, int64_t step, uint64_t digest) {
  if (generation_ == 0) return;
  {
    MutexLock lock(&mutex_);
    leaving_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
  Heard ignored;
  BeatOnce(&ignored);  // the digests that no beat has carried yet
  const Status left =
      coordinator_->Leave({generation_, request_.member.rank, status, step, digest});
  if (!left.ok()) {
    LOG(kDebug) << "the coordinator did not hear the goodbye: " << left;
  }
}

void Membership::Beat() {
  Heard heard{Clock::Real().Now(), Clock::Real().Now()};
  while (true) {
    BeatOnce(&heard);
    JudgeSilence(heard);
    MutexLock lock(&mutex_);
    const TimePoint next = Clock::Real().Now() + options_.beat;
    while (!leaving_ && told_.ok() && digests_.size() < kMostDigestsABeat &&
           Clock::Real().Now() < next) {
      changed_.WaitUntil(&mutex_, next);
    }
    if (leaving_ || !told_.ok()) break;
  }
  // Told to end: the rank's own thread does it, or the process is ended for it.
  MutexLock lock(&mutex_);
  const TimePoint limit = Clock::Real().Now() + options_.grace;
  while (!leaving_ && Clock::Real().Now() < limit) changed_.WaitUntil(&mutex_, limit);
  if (leaving_) return;
  WriteToStderr("lockstep: error: rank " + std::to_string(request_.member.rank.value) + ": " +
                told_.message() + " (ended here: it was busy in phase '" + phase_.load() + "')\n");
  FlushLogs();
  std::_Exit(ExitCodeOf(told_.code()));
}

void Membership::JudgeSilence(const Heard& heard) {
  const TimePoint now = Clock::Real().Now();
  const Duration silent = now - heard.answered;
  if (silent < options_.silence_limit && now - heard.present < options_.absence_limit) return;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(silent).count();
  Stop(Unavailable("the coordinator has not answered for " + std::to_string(seconds) +
                   " s; look whether its process (rank 0, unless one was named) was ended or "
                   "stopped, then start the same command again: it goes on from the last "
                   "checkpoint"));
}

void Membership::BeatOnce(Heard* heard) {
  comm::HeartbeatRequest request;
  request.generation = generation_;
  request.rank = request_.member.rank;
  request.phase = phase_.load();
  {
    MutexLock lock(&mutex_);
    request.step = step_;
    request.digests.swap(digests_);
  }
  const Result<comm::HeartbeatReply> reply = coordinator_->Heartbeat(request);
  if (reply.ok()) {
    heard->answered = heard->present = Clock::Real().Now();
    if (!reply->stop.ok()) Stop(reply->stop);
    return;
  }
  const StatusCode code = reply.status().code();
  if (code != StatusCode::kUnavailable && code != StatusCode::kDeadlineExceeded) {
    Stop(reply.status());
    return;
  }
  if (code == StatusCode::kDeadlineExceeded) heard->present = Clock::Real().Now();
  MutexLock lock(&mutex_);  // carried by the next one
  digests_.insert(digests_.begin(), request.digests.begin(), request.digests.end());
}

void Membership::Stop(const Status& why) {
  {
    MutexLock lock(&mutex_);
    if (!told_.ok() || leaving_) return;
    told_ = why;
  }
  if (options_.on_stop) options_.on_stop(why);
}

}  // namespace lockstep::worker
