// SPDX-License-Identifier: Apache-2.0
#include "comm/mpi/presence_thread.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/log.h"
#include "base/process.h"
#include "base/terminal.h"

namespace lockstep::comm {
namespace {

constexpr Duration kBeat = std::chrono::seconds(1);
// How long a rank that was told to end may take while no coordinator sees to it.
constexpr Duration kGrace = std::chrono::seconds(15);

template <size_t size>
void CopyText(const char* text, char (&out)[size]) {
  std::strncpy(out, text, size - 1);
}

}  // namespace

Result<std::unique_ptr<PresenceThread>> PresenceThread::Start(
    std::shared_ptr<MpiConnection> connection, const Presence* presence) {
  std::unique_ptr<PresenceThread> started(new PresenceThread(std::move(connection), presence));
  ASSIGN_OR_RETURN(started->thread_, Thread::Start("that says where this rank is",
                                                   [raw = started.get()] { raw->Run(); }));
  return started;
}

PresenceThread::PresenceThread(std::shared_ptr<MpiConnection> connection, const Presence* presence)
    : connection_(std::move(connection)),
      presence_(presence),
      book_(connection_->rank(), connection_->size(), {}) {}

PresenceThread::~PresenceThread() {
  {
    MutexLock lock(&mutex_);
    ending_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.Join();
}

void PresenceThread::SetLimit(Duration limit) {
  MutexLock lock(&mutex_);
  book_.SetLimit(limit);
  changed_.NotifyAll();
}

void PresenceThread::Run() {
  for (;;) {
    if (const Status failure = Beat(); !failure.ok()) return AwaitEnd(failure);
    MutexLock lock(&mutex_);
    const TimePoint next = Clock::Real().Now() + std::min(kBeat, book_.limit() / 8);
    while (!ending_ && changed_.WaitUntil(&mutex_, next)) {
    }
    if (ending_) return;
  }
}

Status PresenceThread::Beat() {
  const PresenceBeat mine = OwnBeat();
  std::vector<PresenceBeat> heard;
  std::vector<Rank> others;
  {
    MutexLock lock(&mutex_);
    others = book_.others();
  }
  RETURN_IF_ERROR(connection_->TradePresence(mine, others, &heard));
  Status verdict;
  std::string note;
  {
    MutexLock lock(&mutex_);
    book_.Hear(mine);
    for (const PresenceBeat& beat : heard) book_.Hear(beat);
    verdict = book_.Verdict();
    note = book_.Note();
  }
  if (!note.empty()) {
    LOG(kWarning) << note;
  }
  return verdict.ok() ? OkStatus() : connection_->Fail(verdict);
}

PresenceBeat PresenceThread::OwnBeat() const {
  PresenceBeat beat;
  beat.rank = connection_->rank().value;
  beat.member = presence_->member.load() ? 1 : 0;
  const ProcessIdentity own = OwnProcess();
  beat.pid = own.pid;
  CopyText(own.host.c_str(), beat.host);
  CopyText(presence_->phase.load(), beat.phase);
  return beat;
}

void PresenceThread::AwaitEnd(const Status& failure) {
  MutexLock lock(&mutex_);
  TimePoint limit = Clock::Real().Now() + kGrace;
  while (!ending_) {
    const TimePoint now = Clock::Real().Now();
    if (presence_->member.load()) limit = now + kGrace;  // the heartbeat sees to it
    if (now >= limit) break;
    changed_.WaitUntil(&mutex_, std::min(limit, now + kBeat));
  }
  if (ending_) return;
  WriteToStderr("lockstep: error: rank " + std::to_string(connection_->rank().value) + ": " +
                failure.message() + " (ended here: it was busy in phase '" +
                presence_->phase.load() + "')\n");
  FlushLogs();
  std::_Exit(ExitCodeOf(failure.code()));
}

}  // namespace lockstep::comm
