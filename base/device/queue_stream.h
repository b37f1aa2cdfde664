// SPDX-License-Identifier: Apache-2.0
// QueueStream: a CPU Stream, a queue of host work served in order by one thread of its own.
//
// After the first failure nothing more is run: pending and later events complete at once with that
// failure. The destructor lets the work that is running end, completes what is pending with
// cancelled, and joins; to drain instead, wait for the last event first. Work that blocks must
// therefore have a deadline, or be woken by its owner (Communicator::Abort) before the stream goes.
//
// Work is destroyed before its event completes, so whatever it captured is released when Wait
// returns. Work must not wait for an event of its own stream: it would wait for itself.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/device/device.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/thread.h"

namespace lockstep {

class QueueStream : public Stream {
 public:
  explicit QueueStream(std::string name = "stream");  // the name stands in messages
  ~QueueStream() override;
  QueueStream(const QueueStream&) = delete;
  QueueStream& operator=(const QueueStream&) = delete;

  // Thread-safe; work of this stream may call it too.
  EventPtr Enqueue(std::function<Status()> work) override EXCLUDES(mutex_);
  EventPtr Record() override;
  // Ends as cancelled where this stream is destroyed before the event is done.
  void WaitFor(EventPtr event) override;
  void Copy(void* to, const void* from, size_t bytes) override;
  void Fill(void* to, uint8_t byte, size_t bytes) override;

 private:
  class QueueEvent;
  struct Task {
    std::function<Status()> work;
    std::shared_ptr<QueueEvent> event;
  };

  void Serve() EXCLUDES(mutex_);
  // Until the event is done or the stream is being destroyed.
  Status Await(Event* event) EXCLUDES(mutex_);
  // Blocks for the next task; false when the stream is being destroyed.
  bool TakeNext(Task* task) EXCLUDES(mutex_);
  // Records `failure` unless there is one, and completes what is pending with the first.
  void Fail(const Status& failure) EXCLUDES(mutex_);

  const std::string name_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Task> pending_ GUARDED_BY(mutex_);
  Status failure_ GUARDED_BY(mutex_);
  bool closing_ GUARDED_BY(mutex_) = false;
  Thread thread_;  // last: it uses the fields above
};

}  // namespace lockstep
