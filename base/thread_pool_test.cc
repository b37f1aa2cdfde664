// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <atomic>
#include <latch>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "base/floating_point_state.h"
#include "base/mutex.h"

namespace lockstep {
namespace {

TEST(ThreadPoolTest, EveryIndexRunsOnceWhateverTheNumberOfThreads) {
  for (int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (int64_t n : {0, 1, 2, 7, 1000}) {
      std::vector<int> count(static_cast<size_t>(n), 0);  // an index is one thread's alone
      pool.ParallelFor(n, [&](int64_t i) { ++count[static_cast<size_t>(i)]; });
      EXPECT_EQ(count, std::vector<int>(static_cast<size_t>(n), 1)) << threads << " threads";
    }
  }
}

TEST(ThreadPoolTest, ThePartitionIsFixedByTheIndex) {
  ThreadPool pool(3);
  for (int repeat = 0; repeat < 20; ++repeat) {
    Mutex mutex;
    std::map<int64_t, int64_t> parts;
    pool.ParallelForRanges(10, [&](Range part) {
      MutexLock lock(&mutex);
      parts[part.begin] = part.end;
    });
    EXPECT_EQ(parts, (std::map<int64_t, int64_t>{{0, 3}, {3, 6}, {6, 10}}));
  }
}

TEST(ThreadPoolTest, RunRunsTasksAtTheSameTime) {
  ThreadPool pool(4);
  std::latch all_here(4);  // opens only if four tasks run at once
  std::atomic<int> ran{0};
  const std::vector<std::function<void()>> tasks(4, [&] {
    all_here.arrive_and_wait();
    ++ran;
  });
  pool.Run(tasks);
  EXPECT_EQ(ran, 4);
}

TEST(ThreadPoolTest, RunRunsMoreTasksThanThreadsEachOnce) {
  ThreadPool pool(2);
  std::vector<int> count(100, 0);
  std::vector<std::function<void()>> tasks;
  for (size_t i = 0; i < count.size(); ++i) tasks.push_back([&count, i] { ++count[i]; });
  pool.Run(tasks);
  EXPECT_EQ(count, std::vector<int>(100, 1));
  pool.Run({});
}

TEST(ThreadPoolTest, ACallFromInsideATaskRunsOnThatThread) {
  ThreadPool pool(2);
  std::atomic<int> mistaken{0};
  std::atomic<int> ran{0};
  pool.ParallelFor(8, [&](int64_t) {
    const auto outer = std::this_thread::get_id();
    const auto inner = [&](int64_t) {
      if (std::this_thread::get_id() != outer) ++mistaken;
      ++ran;
    };
    pool.ParallelFor(5, inner);
    const std::function<void()> task = [&] { inner(0); };
    pool.Run({&task, 1});
  });
  EXPECT_EQ(mistaken, 0);
  EXPECT_EQ(ran, 8 * 6);
}

TEST(ThreadPoolTest, CallsFromManyThreadsAreServedOneAfterTheOther) {
  ThreadPool pool(3);
  std::vector<int64_t> sums(4, 0);
  std::vector<std::thread> callers;
  for (int64_t& sum : sums) {
    callers.emplace_back([&pool, &sum] {
      for (int repeat = 0; repeat < 50; ++repeat) {
        std::vector<int64_t> values(64);
        pool.ParallelFor(64, [&](int64_t i) { values[static_cast<size_t>(i)] = i; });
        for (int64_t v : values) sum += v;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sums, std::vector<int64_t>(4, 50 * 63 * 32));
}

TEST(ThreadPoolTest, EveryThreadComputesUnderTheStandardFloatingPointState) {
  ThreadPool pool(3);
  const unsigned former = _mm_getcsr();
  _mm_setcsr(former | 0x8040);  // the caller flushes subnormals
  std::atomic<int> standard{0};
  for (int repeat = 0; repeat < 2; ++repeat) {
    pool.ParallelForRanges(3, [&](Range) {
      standard += HasStandardFloatingPointState() ? 1 : 0;
      _mm_setcsr(_mm_getcsr() | 0x8040);  // what a careless library leaves behind
    });
  }
  EXPECT_EQ(standard, 6);
  EXPECT_FALSE(HasStandardFloatingPointState());  // the caller's own is put back
  _mm_setcsr(former);
}

TEST(ThreadPoolDeathTest, NeedsAThread) { EXPECT_DEATH(ThreadPool(0), "threads >= 1"); }

}  // namespace
}  // namespace lockstep
