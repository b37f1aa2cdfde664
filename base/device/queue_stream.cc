// SPDX-License-Identifier: Apache-2.0
#include "base/device/queue_stream.h"

#include <cstring>
#include <utility>

#include "base/exceptions.h"
#include "base/floating_point_state.h"

namespace lockstep {

class QueueStream::QueueEvent : public Event {
 public:
  explicit QueueEvent(std::string stream) : stream_(std::move(stream)) {}

  bool Done() const override EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    return done_;
  }

  Status Wait(Deadline deadline) override EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    while (!done_) {
      if (deadline.Passed()) {
        return DeadlineExceeded("stream '" + stream_ + "': the work waited for has not ended");
      }
      completed_.WaitUntil(&mutex_, deadline.when());
    }
    return status_;
  }

  void Complete(Status status) EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    CHECK(!done_) << "an event completes once";
    done_ = true;
    status_ = std::move(status);
    completed_.NotifyAll();
  }

 private:
  const std::string stream_;
  mutable Mutex mutex_;
  CondVar completed_;
  bool done_ GUARDED_BY(mutex_) = false;
  Status status_ GUARDED_BY(mutex_);
};

QueueStream::QueueStream(std::string name)
    : name_(std::move(name)), thread_("of the stream '" + name_ + "'", [this] { Serve(); }) {}

QueueStream::~QueueStream() {
  {
    MutexLock lock(&mutex_);
    closing_ = true;
    changed_.NotifyAll();
  }
  Fail(Cancelled("stream '" + name_ + "' was destroyed before this work ran"));
  thread_.Join();
}

EventPtr QueueStream::Enqueue(std::function<Status()> work) {
  CHECK(work != nullptr);
  auto event = std::make_shared<QueueEvent>(name_);
  Status failure;
  {
    MutexLock lock(&mutex_);
    failure = failure_;
    if (failure.ok()) {
      pending_.push_back({std::move(work), event});
      changed_.NotifyOne();
    }
  }
  if (!failure.ok()) {
    work = nullptr;
    event->Complete(std::move(failure));
  }
  return event;
}

EventPtr QueueStream::Record() {
  return Enqueue([] { return OkStatus(); });
}

void QueueStream::WaitFor(EventPtr event) {
  Enqueue([this, event = std::move(event)] { return Await(event.get()); });
}

void QueueStream::Copy(void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  Enqueue([to, from, bytes] {
    std::memcpy(to, from, bytes);
    return OkStatus();
  });
}

void QueueStream::Fill(void* to, uint8_t byte, size_t bytes) {
  if (bytes == 0) return;
  Enqueue([to, byte, bytes] {
    std::memset(to, byte, bytes);
    return OkStatus();
  });
}

Status QueueStream::Await(Event* event) {
  constexpr auto kLookAgain = std::chrono::milliseconds(50);
  while (!event->Done()) {
    (void)event->Wait(Deadline::In(kLookAgain));
    MutexLock lock(&mutex_);
    if (closing_) {
      return Cancelled("stream '" + name_ + "' was destroyed before what it waited for was done");
    }
  }
  return event->Wait(Deadline::Never());
}

void QueueStream::Serve() {
  SetFloatingPointState();  // the sums of an exchange are made here
  Task task;
  while (TakeNext(&task)) {
    Status status = CatchAll("stream '" + name_ + "'", task.work);
    task.work = nullptr;
    // First the failure, then the event: who sees the event failed sees the stream failed.
    if (!status.ok()) Fail(status);
    task.event->Complete(std::move(status));
    task.event = nullptr;
  }
}

bool QueueStream::TakeNext(Task* task) {
  MutexLock lock(&mutex_);
  while (pending_.empty() && !closing_) changed_.Wait(&mutex_);
  if (pending_.empty() || closing_) return false;
  *task = std::move(pending_.front());
  pending_.pop_front();
  return true;
}

void QueueStream::Fail(const Status& failure) {
  std::deque<Task> dropped;
  Status first;
  {
    MutexLock lock(&mutex_);
    if (failure_.ok()) failure_ = failure;
    first = failure_;
    dropped.swap(pending_);
  }
  for (Task& task : dropped) {
    task.work = nullptr;
    task.event->Complete(first);
  }
}

}  // namespace lockstep
