// SPDX-License-Identifier: Apache-2.0
// ThreadPool: a fixed set of threads for compute. What is computed never depends on how many there
// are: ParallelFor deals indices in fixed runs, and whoever combines results does so by index.
//
// A pool of n threads starts n - 1; the caller is the n-th. Each runs under the standard
// floating-point state (base/floating_point_state.h). Calls block until all is done; they may come
// from any thread (one is served at a time). A call from inside a task of the same pool runs on
// that one thread. Tasks report failures by what they write, not by exceptions.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "base/range.h"
#include "base/thread.h"

namespace lockstep {

class ThreadPool {
 public:
  // threads >= 1. Where the machine refuses to start one more, the pool works with those it has
  // (the results are the same) and a warning is logged.
  explicit ThreadPool(int threads);
  ~ThreadPool();  // no call may be running
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls fn(i) for every i of [0, n): thread t of T takes PartOf(n, T, t), in order.
  void ParallelFor(int64_t n, const std::function<void(int64_t)>& fn);

  // Calls fn(range) once for each thread's part that is not empty.
  void ParallelForRanges(int64_t n, const std::function<void(Range)>& fn);

  // Every task once, each by whichever thread is free next; at most threads() at a time, so a task
  // must not wait for another.
  void Run(std::span<const std::function<void()>> tasks);

 private:
  // body(t) on each thread t = 0 .. threads() - 1, the caller being 0.
  void OnEveryThread(const std::function<void(int)>& body) EXCLUDES(call_mutex_, mutex_);
  void Serve(int thread) EXCLUDES(mutex_);
  void Stop() EXCLUDES(mutex_);

  Mutex call_mutex_;  // held through one call
  Mutex mutex_;
  CondVar started_;
  CondVar ended_;
  const std::function<void(int)>* body_ GUARDED_BY(mutex_) = nullptr;
  uint64_t round_ GUARDED_BY(mutex_) = 0;  // counts the calls; a worker serves each once
  int running_ GUARDED_BY(mutex_) = 0;
  bool closing_ GUARDED_BY(mutex_) = false;
  std::vector<Thread> workers_;
};

}  // namespace lockstep
