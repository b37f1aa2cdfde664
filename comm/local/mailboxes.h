// SPDX-License-Identifier: Apache-2.0
// Mailboxes: what the ranks of a LocalWorld share. A send posts a pointer to the sender's memory in
// the receiver's mailbox; the receiver copies from there and marks the message delivered. Run is
// one whole operation of one rank and blocks the calling (stream) thread until it ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "base/status.h"
#include "comm/communicator.h"
#include "comm/transfer_failure.h"

namespace lockstep::comm {

class Mailboxes {
 public:
  explicit Mailboxes(int32_t size) : size_(size), boxes_(size) {}

  int32_t size() const { return size_; }

  // Sends and receives for rank `self` until all have ended, the deadline has passed, or a rank
  // fails. On return no other rank reads or writes the memory of these operations.
  Status Run(Rank self, Operation operation, const std::vector<SendOp>& sends,
             const std::vector<ReceiveOp>& receives, Deadline deadline) EXCLUDES(mutex_);
  // The first failure wins, ends every pending and later Run, and is returned.
  Status Fail(const Status& failure) EXCLUDES(mutex_);

 private:
  enum class State : uint8_t { kPosted, kTaken, kDelivered };
  struct Message {  // lives in its sender's Run
    const SendOp* send = nullptr;
    State state = State::kPosted;
  };
  using Key = std::tuple<Rank, Operation, uint32_t>;  // from, operation, tag
  struct Box {
    CondVar changed;  // a message came, one of this rank's was delivered, or a rank failed
    std::map<Key, std::deque<Message*>> posted;
  };

  void Post(Rank self, Operation operation, std::vector<Message>* outbox) REQUIRES(mutex_);
  Status ReceiveAll(Rank self, Operation operation, const std::vector<ReceiveOp>& receives,
                    Deadline deadline) REQUIRES(mutex_);
  // Removes from `pending` the receives whose message is there and copies them; the lock is
  // released while copying. Sets *progress if it found one.
  Status TakeArrived(Rank self, Operation operation, std::vector<const ReceiveOp*>* pending,
                     bool* progress) REQUIRES(mutex_);
  void Deliver(const ReceiveOp& receive, Message* message) REQUIRES(mutex_);
  Status AwaitDelivery(Rank self, Operation operation, const std::vector<Message>& outbox,
                       Deadline deadline) REQUIRES(mutex_);
  // Takes back what no receiver has taken and waits for the copies that are under way.
  void Withdraw(Rank self, Operation operation, std::vector<Message>* outbox) REQUIRES(mutex_);
  void FailLocked(const Status& failure) REQUIRES(mutex_);

  const int32_t size_;
  Mutex mutex_;
  std::vector<Box> boxes_ GUARDED_BY(mutex_);
  Status failure_ GUARDED_BY(mutex_);
};

}  // namespace lockstep::comm
