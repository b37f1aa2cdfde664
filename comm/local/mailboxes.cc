// SPDX-License-Identifier: Apache-2.0
#include "comm/local/mailboxes.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/check.h"
#include "base/pulse.h"

namespace lockstep::comm {
Status Mailboxes::Run(Rank self, Operation operation, const std::vector<SendOp>& sends,
                      const std::vector<ReceiveOp>& receives, Deadline deadline) {
  std::vector<Message> outbox(sends.size());
  for (size_t i = 0; i < sends.size(); ++i) outbox[i].send = &sends[i];
  MutexLock lock(&mutex_);
  if (!failure_.ok()) return failure_;
  Post(self, operation, &outbox);
  Status status = ReceiveAll(self, operation, receives, deadline);
  if (status.ok()) status = AwaitDelivery(self, operation, outbox, deadline);
  if (!status.ok()) {
    FailLocked(status);
    Withdraw(self, operation, &outbox);
    return failure_;
  }
  return status;
}

Status Mailboxes::Fail(const Status& failure) {
  MutexLock lock(&mutex_);
  FailLocked(failure);
  return failure_;
}

void Mailboxes::FailLocked(const Status& failure) {
  if (failure_.ok()) failure_ = failure;
  for (Box& box : boxes_) box.changed.NotifyAll();
}

void Mailboxes::Post(Rank self, Operation operation, std::vector<Message>* outbox) {
  for (Message& message : *outbox) {
    Box& box = boxes_[message.send->to.value];
    box.posted[{self, operation, message.send->tag}].push_back(&message);
    box.changed.NotifyAll();
  }
}

Status Mailboxes::ReceiveAll(Rank self, Operation operation, const std::vector<ReceiveOp>& receives,
                             Deadline deadline) {
  const TimePoint began = Clock::Real().Now();
  std::vector<const ReceiveOp*> pending;
  for (const ReceiveOp& receive : receives) pending.push_back(&receive);
  while (!pending.empty()) {
    if (!failure_.ok()) return failure_;
    bool progress = false;
    RETURN_IF_ERROR(TakeArrived(self, operation, &pending, &progress));
    if (progress) continue;
    const TimePoint end = Pulse::OfProcess().PutOff(deadline.when(), began);
    if (Clock::Real().Now() >= end) {
      std::vector<std::string> missing;
      for (const ReceiveOp* r : pending) missing.push_back(PeerName(r->from, operation, r->tag));
      return TransferExpired(self, operation, "for", missing);
    }
    boxes_[self.value].changed.WaitUntil(&mutex_, end);
  }
  return OkStatus();
}

Status Mailboxes::TakeArrived(Rank self, Operation operation,
                              std::vector<const ReceiveOp*>* pending, bool* progress) {
  std::vector<const ReceiveOp*> missing;
  // Messages may arrive while Deliver copies: what was missing in this round stays so for the later
  // receives from the same sender too, or one of them would take the earlier one's message.
  std::set<Key> late;
  for (const ReceiveOp* receive : *pending) {
    auto& posted = boxes_[self.value].posted;
    const Key key = {receive->from, operation, receive->tag};
    const auto it = posted.find(key);
    if (it == posted.end() || late.contains(key)) {
      late.insert(key);
      missing.push_back(receive);
      continue;
    }
    Message* const message = it->second.front();
    if (message->send->bytes != receive->bytes) {
      return SizesDiffer(self, operation, *receive, message->send->bytes);
    }
    it->second.pop_front();
    if (it->second.empty()) posted.erase(it);
    Deliver(*receive, message);
    *progress = true;
  }
  *pending = std::move(missing);
  return OkStatus();
}

void Mailboxes::Deliver(const ReceiveOp& receive, Message* message) {
  message->state = State::kTaken;
  const SendOp& send = *message->send;
  const Rank sender = receive.from;
  if (send.bytes > 0) {
    mutex_.Unlock();
    std::memcpy(receive.data, send.data, send.bytes);
    mutex_.Lock();
  }
  message->state = State::kDelivered;
  boxes_[sender.value].changed.NotifyAll();
}

Status Mailboxes::AwaitDelivery(Rank self, Operation operation, const std::vector<Message>& outbox,
                                Deadline deadline) {
  const TimePoint began = Clock::Real().Now();
  while (true) {
    std::vector<std::string> missing;
    for (const Message& message : outbox) {
      if (message.state == State::kDelivered) continue;
      missing.push_back(PeerName(message.send->to, operation, message.send->tag));
    }
    if (missing.empty()) return OkStatus();
    if (!failure_.ok()) return failure_;
    const TimePoint end = Pulse::OfProcess().PutOff(deadline.when(), began);
    if (Clock::Real().Now() >= end) {
      return TransferExpired(self, operation, "to be received by", missing);
    }
    boxes_[self.value].changed.WaitUntil(&mutex_, end);
  }
}

void Mailboxes::Withdraw(Rank self, Operation operation, std::vector<Message>* outbox) {
  for (Message& message : *outbox) {
    while (message.state == State::kTaken) boxes_[self.value].changed.Wait(&mutex_);
    if (message.state == State::kDelivered) continue;
    auto& posted = boxes_[message.send->to.value].posted;
    const auto it = posted.find({self, operation, message.send->tag});
    CHECK(it != posted.end());
    std::erase(it->second, &message);
    if (it->second.empty()) posted.erase(it);
  }
}

}  // namespace lockstep::comm
