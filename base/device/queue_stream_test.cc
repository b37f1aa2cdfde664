// SPDX-License-Identifier: Apache-2.0
// The CPU stream: order, failure, deadline and teardown.
#include "base/device/queue_stream.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

namespace lockstep {
namespace {

constexpr auto kLong = std::chrono::seconds(60);  // never reached unless the code is wrong

TEST(QueueStreamTest, RunsWorkInOrder) {
  QueueStream stream;
  std::vector<int> order;  // written by the stream's thread only
  EventPtr last;
  for (int i = 0; i < 1000; ++i) {
    last = stream.Enqueue([&order, i] {
      order.push_back(i);
      return OkStatus();
    });
  }
  ASSERT_TRUE(last->Wait(Deadline::In(kLong)).ok());
  EXPECT_TRUE(last->Done());
  ASSERT_EQ(order.size(), 1000u);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(order[i], i);
}

TEST(QueueStreamTest, AfterAFailureNothingRunsAndEveryLaterEventHasTheFirstFailure) {
  QueueStream stream;
  std::promise<void> go;
  bool ran = false;
  const EventPtr before = stream.Enqueue([&] {
    go.get_future().wait();
    return OkStatus();
  });
  const EventPtr failing = stream.Enqueue([] { return DataLoss("first"); });
  const EventPtr pending = stream.Enqueue([&] {
    ran = true;
    return IoError("second");
  });
  go.set_value();
  EXPECT_TRUE(before->Wait(Deadline::In(kLong)).ok());
  EXPECT_EQ(failing->Wait(Deadline::In(kLong)).message(), "first");
  EXPECT_EQ(pending->Wait(Deadline::In(kLong)).message(), "first");
  const EventPtr later = stream.Enqueue([&] {
    ran = true;
    return OkStatus();
  });
  EXPECT_TRUE(later->Done());
  EXPECT_EQ(later->Wait(Deadline::In(kLong)).code(), StatusCode::kDataLoss);
  EXPECT_FALSE(ran);
}

TEST(QueueStreamTest, WaitEndsAtItsDeadlineAndTheWorkGoesOn) {
  QueueStream stream("slow");
  std::promise<void> go;
  const EventPtr event = stream.Enqueue([&] {
    go.get_future().wait();
    return OkStatus();
  });
  const Status status = event->Wait(Deadline::In(std::chrono::milliseconds(1)));
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_NE(status.message().find("'slow'"), std::string::npos) << status;
  EXPECT_FALSE(event->Done());
  go.set_value();
  EXPECT_TRUE(event->Wait(Deadline::Never()).ok());
}

TEST(QueueStreamTest, DestructorEndsTheRunningWorkAndCancelsThePending) {
  std::promise<void> started;
  std::promise<void> go;
  bool ran = false;
  auto stream = std::make_unique<QueueStream>("s");
  const EventPtr running = stream->Enqueue([&] {
    started.set_value();
    go.get_future().wait();
    return OkStatus();
  });
  const EventPtr pending = stream->Enqueue([&] {
    ran = true;
    return OkStatus();
  });
  started.get_future().wait();
  std::thread destroyer([&] { stream.reset(); });
  // Pending work is cancelled while the running work still runs.
  EXPECT_EQ(pending->Wait(Deadline::In(kLong)).code(), StatusCode::kCancelled);
  EXPECT_FALSE(running->Done());
  go.set_value();
  destroyer.join();
  EXPECT_TRUE(running->Wait(Deadline::In(kLong)).ok());
  EXPECT_FALSE(ran);
}

TEST(QueueStreamTest, WhatWorkCapturedIsReleasedWhenItsEventIsDone) {
  QueueStream stream;
  auto captured = std::make_shared<int>(1);
  for (int i = 0; i < 200; ++i) {
    const EventPtr event = stream.Enqueue([captured] { return OkStatus(); });
    ASSERT_TRUE(event->Wait(Deadline::In(kLong)).ok());
    ASSERT_EQ(captured.use_count(), 1);
  }
}

TEST(QueueStreamTest, ManyThreadsMayEnqueueAndWorkMayEnqueueMore) {
  QueueStream stream;
  int64_t count = 0;  // written by the stream's thread only
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 250; ++i) {
        EventPtr inner;
        const EventPtr outer = stream.Enqueue([&] {
          inner = stream.Enqueue([&] {
            ++count;
            return OkStatus();
          });
          return OkStatus();
        });
        ASSERT_TRUE(outer->Wait(Deadline::In(kLong)).ok());
        ASSERT_TRUE(inner->Wait(Deadline::In(kLong)).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 1000);
}

}  // namespace
}  // namespace lockstep
