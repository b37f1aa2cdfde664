// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <atomic>

#include "base/check.h"
#include "base/floating_point_state.h"
#include "base/log.h"

namespace lockstep {
namespace {

thread_local const ThreadPool* current_pool = nullptr;  // whose task this thread is running

}  // namespace

ThreadPool::ThreadPool(int threads) {
  CHECK_GE(threads, 1);
  workers_.reserve(static_cast<size_t>(threads) - 1);
  for (int t = 1; t < threads; ++t) {
    Result<Thread> worker = Thread::Start(
        "number " + std::to_string(t + 1) + " of " + std::to_string(threads) + " that compute",
        [this, t] { Serve(t); });
    if (!worker.ok()) {
      LOG(kWarning) << worker.status().message() << "; going on with " << t;
      return;
    }
    workers_.push_back(*std::move(worker));
  }
}

ThreadPool::~ThreadPool() {
  Stop();
  for (Thread& worker : workers_) worker.Join();
}

void ThreadPool::Stop() {
  MutexLock lock(&mutex_);
  CHECK(running_ == 0) << "a thread pool is destroyed while it is used";
  closing_ = true;
  started_.NotifyAll();
}

void ThreadPool::Serve(int thread) {
  current_pool = this;
  uint64_t served = 0;
  MutexLock lock(&mutex_);
  while (true) {
    while (round_ == served && !closing_) started_.Wait(&mutex_);
    if (closing_) return;
    served = round_;
    const std::function<void(int)>& body = *body_;
    mutex_.Unlock();
    SetFloatingPointState();  // each time: a task's library may have changed it
    body(thread);
    mutex_.Lock();
    if (--running_ == 0) ended_.NotifyAll();
  }
}

void ThreadPool::OnEveryThread(const std::function<void(int)>& body) {
  MutexLock call(&call_mutex_);
  {
    MutexLock lock(&mutex_);
    body_ = &body;
    running_ = static_cast<int>(workers_.size());
    ++round_;
    started_.NotifyAll();
  }
  {
    const ScopedFloatingPointState state;
    const ThreadPool* const outer = current_pool;
    current_pool = this;
    body(0);
    current_pool = outer;
  }
  MutexLock lock(&mutex_);
  while (running_ > 0) ended_.Wait(&mutex_);
  body_ = nullptr;
}

void ThreadPool::ParallelForRanges(int64_t n, const std::function<void(Range)>& fn) {
  CHECK_GE(n, 0);
  if (n == 0) return;
  if (current_pool == this) {
    fn({0, n});
    return;
  }
  OnEveryThread([&](int thread) {
    const Range part = PartOf(n, threads(), thread);
    if (part.size() > 0) fn(part);
  });
}

void ThreadPool::ParallelFor(int64_t n, const std::function<void(int64_t)>& fn) {
  ParallelForRanges(n, [&fn](Range part) {
    for (int64_t i = part.begin; i < part.end; ++i) fn(i);
  });
}

void ThreadPool::Run(std::span<const std::function<void()>> tasks) {
  std::atomic<size_t> next{0};
  const auto take = [&](int) {
    for (size_t i = next.fetch_add(1); i < tasks.size(); i = next.fetch_add(1)) tasks[i]();
  };
  if (tasks.empty()) return;
  if (current_pool == this) {
    take(0);
  } else {
    OnEveryThread(take);
  }
}

}  // namespace lockstep
