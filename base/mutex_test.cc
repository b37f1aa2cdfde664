// SPDX-License-Identifier: Apache-2.0
#include "base/mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace lockstep {
namespace {

class Counter {
 public:
  void Add() EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    ++value_;
    changed_.NotifyAll();
  }
  // Blocks until the count is at least `value`.
  int WaitFor(int value) EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    while (value_ < value) changed_.Wait(&mutex_);
    return value_;
  }
  bool ReachesUntil(int value, std::chrono::steady_clock::time_point deadline) EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    while (value_ < value) {
      if (!changed_.WaitUntil(&mutex_, deadline)) return value_ >= value;
    }
    return true;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int value_ GUARDED_BY(mutex_) = 0;
};

TEST(MutexTest, CountsOfManyThreadsAreNotLost) {
  Counter counter;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10000; ++i) counter.Add();
    });
  }
  EXPECT_EQ(counter.WaitFor(40000), 40000);
  for (std::thread& thread : threads) thread.join();
}

TEST(MutexTest, WaitUntilEndsAtTheDeadlineOrWhenNotified) {
  Counter counter;
  const auto now = std::chrono::steady_clock::now();
  EXPECT_FALSE(counter.ReachesUntil(1, now));  // a deadline that has passed
  std::thread adder([&] { counter.Add(); });
  EXPECT_TRUE(counter.ReachesUntil(1, now + std::chrono::minutes(5)));
  adder.join();
}

}  // namespace
}  // namespace lockstep
