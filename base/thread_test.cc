// SPDX-License-Identifier: Apache-2.0
#include "base/thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <new>
#include <system_error>

#include "base/exceptions.h"
#include "base/process_limits.h"
#include "base/testing/address_limit.h"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

size_t OwnStackBytes() {
  pthread_attr_t attributes;
  size_t bytes = 0;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstacksize(&attributes, &bytes);
  pthread_attr_destroy(&attributes);
  return bytes;
}

constexpr rlim_t kLessThanAStack = kThreadStackBytes / 2;

TEST(ThreadTest, RunsItsBodyOnAStackOfTheStatedSize) {
  std::atomic<size_t> stack{0};
  Result<Thread> thread = Thread::Start("a test's", [&] { stack = OwnStackBytes(); });
  ASSERT_TRUE(thread.ok()) << thread.status();
  EXPECT_TRUE(thread->joinable());
  thread->Join();
  EXPECT_FALSE(thread->joinable());
  EXPECT_GE(stack, kThreadStackBytes);
}

TEST(ThreadTest, CanBeMovedAndWhoHasItJoins) {
  int ran = 0;
  Thread first("a test's", [&] { ++ran; });
  Thread second;
  second = std::move(first);
  EXPECT_FALSE(first.joinable());  // NOLINT: what moving leaves
  second.Join();
  EXPECT_EQ(ran, 1);
}

TEST(ThreadDeathTest, OneThatCannotBeStartedIsAStatusWithLimitAndRemedy) {
  SKIP_IF_SANITIZED();
  EXPECT_EXIT(
      {
        AllowMoreMemory(kLessThanAStack);
        const Result<Thread> thread = Thread::Start("that knits", [] {});
        if (thread.ok()) ::_exit(1);
        EndProcess(thread.status());
      },
      ::testing::ExitedWithCode(71),
      AllOf(HasSubstr("lockstep: error: cannot start a thread (that knits): "),
            HasSubstr("ulimit -v "), HasSubstr("raise the limit")));
}

TEST(ThreadDeathTest, WhereNobodyCanBeToldTheProcessEndsWithItsDocumentedCode) {
  SKIP_IF_SANITIZED();
  EXPECT_EXIT(
      {
        AllowMoreMemory(kLessThanAStack);
        Thread thread("that knits", [] {});
        ::_exit(1);
      },
      ::testing::ExitedWithCode(71), HasSubstr("cannot start a thread (that knits)"));
}

TEST(ThreadDeathTest, AnExceptionThatEscapesABodyEndsTheProcessWithAMessage) {
  const auto ends = [](int code, const std::function<void()>& body) {
    EXPECT_EXIT(
        {
          EndOnEscapedExceptions();
          Thread thread("a test's", body);
          thread.Join();
          ::_exit(1);
        },
        ::testing::ExitedWithCode(code), "^lockstep: error: .*\n$");
  };
  ends(71, [] { throw std::bad_alloc(); });
  ends(71, [] {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  });
  ends(70, [] { throw std::runtime_error("a library's"); });
  ends(70, [] { throw 7; });
}

TEST(ExceptionsTest, OfLibrariesBecomeAStatus) {
  const auto caught = [](const std::function<Status()>& call) { return CatchAll("RocksDB", call); };
  EXPECT_TRUE(caught([] { return OkStatus(); }).ok());
  EXPECT_EQ(caught([] { return NotFound("x"); }).code(), StatusCode::kNotFound);
  const Status memory = caught([]() -> Status { throw std::bad_alloc(); });
  EXPECT_EQ(memory.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(memory.message(), HasSubstr("RocksDB: out of memory"));
  const Status thread = caught([]() -> Status {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  });
  EXPECT_EQ(thread.code(), StatusCode::kResourceExhausted);
  const Status other = caught([]() -> Status { throw std::runtime_error("lost"); });
  EXPECT_EQ(other.code(), StatusCode::kInternal);
  EXPECT_THAT(other.message(), HasSubstr("RocksDB: lost"));
  EXPECT_EQ(caught([]() -> Status { throw 7; }).code(), StatusCode::kInternal);
}

TEST(ProcessLimitsTest, ThereIsRoomForLittleAndNotForEverything) {
  EXPECT_TRUE(CheckRoom(2, int64_t{1} << 20, "a test").ok());
  const Status status = CheckRoom(1, int64_t{1} << 60, "a test");
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("a test needs 1099511627776 MiB more memory"));
}

TEST(ProcessLimitsDeathTest, ThreadsThatCannotBeHadTogetherAreFoundBeforehand) {
  SKIP_IF_SANITIZED();
  EXPECT_EXIT(
      {
        AllowMoreMemory(4 * kThreadStackBytes);
        EndProcess(CheckRoom(64, 0, "a test"));
      },
      ::testing::ExitedWithCode(71), HasSubstr("a test needs 64 threads: cannot start a thread"));
}

}  // namespace
}  // namespace lockstep
