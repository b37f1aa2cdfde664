// SPDX-License-Identifier: Apache-2.0
#include "worker/run/membership.h"

#include <algorithm>
#include <cstdlib>

#include "base/format.h"
#include "base/log.h"
#include "base/terminal.h"
#include "base/watch.h"
#include "comm/standstill.h"

namespace lockstep::worker {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(50);
constexpr auto kRetry = std::chrono::milliseconds(100);  // after a beat without an answer
constexpr size_t kMostDigestsABeat = 4096;

}  // namespace

// False: a failure that is the coordinator's answer.
bool Membership::Heard::Note(const Status& call) {
  const TimePoint now = Clock::Real().Now();
  const StatusCode code = call.code();
  unanswered = !call.ok();
  if (call.ok()) answered = now;
  if (call.ok() || code == StatusCode::kDeadlineExceeded) present = now;
  return call.ok() || code == StatusCode::kUnavailable || code == StatusCode::kDeadlineExceeded;
}

Membership::Membership(comm::Coordinator* coordinator, comm::RegisterRequest request,
                       Options options)
    : coordinator_(coordinator), request_(std::move(request)), options_(std::move(options)) {}

Membership::~Membership() {
  {
    MutexLock lock(&mutex_);
    leaving_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.Join();
}

Result<comm::Assignment> Membership::Join(const std::function<void(const std::string&)>& say,
                                          const std::function<bool()>& give_up) {
  if (options_.presence != nullptr) options_.presence->phase.store("registration");
  std::string waiting, said;
  TimePoint since = Clock::Real().Now();
  Heard heard{since, since};
  while (true) {
    const Result<comm::RegisterReply> reply = coordinator_->Register(request_);
    if (!heard.Note(reply.status())) return reply.status();
    if (reply.ok() && reply->accepted) {
      for (const std::string& note : reply->notes) say(note);
      generation_ = reply->assignment.generation;
      if (options_.presence != nullptr) options_.presence->member.store(true);
      thread_ = Thread("of the heartbeat", [this] { Beat(); });
      return reply->assignment;
    }
    // One that stood still for a moment answers the next time.
    if (const Status silence = JudgeSilence(heard); !reply.ok() && !silence.ok()) {
      return reply.status().code() == StatusCode::kDeadlineExceeded ? silence : reply.status();
    }
    if (reply.ok() && reply->note != waiting) {
      waiting = reply->note;
      since = Clock::Real().Now();
    }
    if (waiting != said && Clock::Real().Now() - since >= options_.say_after) say(said = waiting);
    if (give_up && give_up()) return StoppedBeforeTheRun();
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
  if (thread_.joinable()) thread_.Join();
  SayGoodbye(status, step, digest);
  if (options_.presence == nullptr) return;
  options_.presence->phase.store("end");
  options_.presence->member.store(false);
}

void Membership::SayGoodbye(const Status& status, int64_t step, uint64_t digest) {
  {
    MutexLock lock(&mutex_);
    if (unanswered_) return;  // it would cost as long again
  }
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
    if (const Status silence = JudgeSilence(heard); !silence.ok()) GiveUp(silence);
    MutexLock lock(&mutex_);
    const TimePoint next = NextBeat(heard);
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
                Explain(told_).message() + " (ended here: it was busy in phase '" + phase_.load() +
                "')\n");
  FlushLogs();
  std::_Exit(ExitCodeOf(told_.code()));
}

TimePoint Membership::NextBeat(const Heard& heard) const {
  const TimePoint now = Clock::Real().Now();
  return now + (heard.unanswered ? std::min<Duration>(kRetry, options_.beat) : options_.beat);
}

Status Membership::JudgeSilence(const Heard& heard) const {
  const TimePoint now = Clock::Real().Now();
  const auto unheard = [&](TimePoint last) {
    return now - last - options_.pulse->StoodStillSince(last);
  };
  const Duration silent = unheard(heard.answered);
  // Where there are several ranks, the first speaks, and the others hear it before they come to the
  // same end.
  const auto limit = [&](Duration of_the_first) {
    return request_.member.rank.value > 1 ? of_the_first + of_the_first / 4 : of_the_first;
  };
  if (silent < limit(options_.silence_limit) &&
      unheard(heard.present) < limit(options_.absence_limit)) {
    return OkStatus();
  }
  return Unavailable("the coordinator has not answered for " + SecondsText(silent) +
                     "; look whether its process (rank 0, unless one was named) was ended or "
                     "stopped, then start the same command again: it goes on from the last "
                     "checkpoint");
}

Status Membership::Explain(const Status& failure) const {
  return comm::ExplainStandstill(failure, *options_.pulse, options_.silence_limit);
}

void Membership::BeatOnce(Heard* heard) {
  comm::HeartbeatRequest request;
  request.generation = generation_;
  request.rank = request_.member.rank;
  request.phase = phase_.load();
  request.stop_wanted = options_.stop != nullptr && options_.stop->load();
  {
    MutexLock lock(&mutex_);
    request.step = step_;
    request.digests.swap(digests_);
  }
  const Result<comm::HeartbeatReply> reply = coordinator_->Heartbeat(request);
  if (!heard->Note(reply.status())) return Stop(reply.status());
  if (reply.ok()) {
    if (!reply->stop.ok()) Stop(reply->stop);
    if (reply->stop_wanted) others_stop_.store(true);
    return;
  }
  MutexLock lock(&mutex_);  // carried by the next one
  digests_.insert(digests_.begin(), request.digests.begin(), request.digests.end());
}

void Membership::GiveUp(const Status& silence) {
  {
    MutexLock lock(&mutex_);
    unanswered_ = true;
  }
  Stop(silence);
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
