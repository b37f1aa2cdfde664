// SPDX-License-Identifier: Apache-2.0
// What is said to a wish to stop, and to whom; in a child process, whose standard error is read.
#include "cluster/launch/stop_watcher.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <iostream>

#include "base/check.h"
#include "cluster/launch/stop_signals.h"

namespace lockstep::cluster {
namespace {

struct Ended {
  int status = 0;  // of waitpid
  std::string said;
};

// Runs `main` in a child, with its standard error taken down.
Ended InChild(const std::function<int()>& main) {
  int ends[2];
  CHECK_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::_exit(main());
  }
  ::close(ends[1]);
  Ended ended;
  char buffer[256];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    ended.said.append(buffer, static_cast<size_t>(n));
  }
  ::close(ends[0]);
  CHECK_EQ(::waitpid(child, &ended.status, 0), child);
  return ended;
}

std::unique_ptr<StopWatcher> Watch(const StopManner& manner,
                                   std::optional<AncestorProcess> launcher = std::nullopt) {
  Console console{.out = std::cout, .err = std::cerr, .stop = &InstallStopSignals()};
  auto watcher = StopWatcher::Start(console, manner, std::move(launcher));
  CHECK(watcher.ok()) << watcher.status();
  return *std::move(watcher);
}

const StopManner kLooks = {.looks = true, .doing = "finishing the step"};

TEST(StopWatcherTest, AcknowledgesOnceAndLeavesTheEndToACommandThatLooks) {
  const Ended ended = InChild([] {
    const std::atomic<bool>& stop = InstallStopSignals();
    {
      const auto watcher = Watch(kLooks);
      ::raise(SIGUSR1);
      ::raise(SIGUSR2);
      if (!stop.load()) return 1;
    }  // has told before it is gone
    return 7;
  });
  ASSERT_TRUE(WIFEXITED(ended.status)) << ended.status;
  EXPECT_EQ(WEXITSTATUS(ended.status), 7);
  EXPECT_EQ(ended.said,
            "lockstep: SIGUSR1: finishing the step; a second SIGINT (Ctrl-C) or SIGTERM ends the "
            "process at once\n");
}

TEST(StopWatcherTest, EndsACommandThatDoesNotLook) {
  const Ended ended = InChild([] {
    const auto watcher = Watch({});
    ::raise(SIGINT);
    for (;;) ::pause();
    return 1;
  });
  ASSERT_TRUE(WIFEXITED(ended.status)) << ended.status;
  EXPECT_EQ(WEXITSTATUS(ended.status), ExitCodeOf(StatusCode::kCancelled));
  EXPECT_EQ(ended.said, "lockstep: SIGINT: stopped on request\n");
}

TEST(StopWatcherTest, ASecondWishEndsTheProcessAtOnce) {
  const Ended ended = InChild([] {
    InstallStopSignals();
    ::raise(SIGTERM);
    ::raise(SIGTERM);
    return 1;
  });
  EXPECT_TRUE(WIFSIGNALED(ended.status) && WTERMSIG(ended.status) == SIGTERM) << ended.status;
}

TEST(StopWatcherTest, ASignalIgnoredFromTheStartStaysSo) {
  const Ended ended = InChild([] {
    ::signal(SIGINT, SIG_IGN);
    const std::atomic<bool>& stop = InstallStopSignals();
    ::raise(SIGINT);
    ::raise(SIGINT);
    return stop.load() ? 1 : 7;
  });
  ASSERT_TRUE(WIFEXITED(ended.status)) << ended.status;
  EXPECT_EQ(WEXITSTATUS(ended.status), 7);
}

TEST(StopWatcherTest, ALauncherThatIsGoneIsAWishToStop) {
  const Ended ended = InChild([] {
    AncestorProcess gone{OwnProcess(), "mpirun"};
    gone.process.start = "1";  // another process had this number
    const std::atomic<bool>& stop = InstallStopSignals();
    const auto watcher = Watch(kLooks, gone);
    const Deadline deadline = Deadline::In(std::chrono::seconds(60));
    while (!stop.load() && !deadline.Passed()) ::usleep(1000);
    return stop.load() ? 7 : 1;
  });
  ASSERT_TRUE(WIFEXITED(ended.status)) << ended.status;
  EXPECT_EQ(WEXITSTATUS(ended.status), 7);
  EXPECT_TRUE(ended.said.starts_with("lockstep: mpirun (process ")) << ended.said;
  EXPECT_NE(ended.said.find("is gone: finishing the step"), std::string::npos) << ended.said;
}

TEST(StopWatcherTest, ALauncherThatLivesIsNone) {
  const Ended ended = InChild([] {
    const std::atomic<bool>& stop = InstallStopSignals();
    const auto watcher = Watch(kLooks, AncestorProcess{OwnProcess(), "mpirun"});
    return stop.load() ? 1 : 7;
  });
  EXPECT_EQ(ended.said, "");
  EXPECT_EQ(WEXITSTATUS(ended.status), 7);
}

}  // namespace
}  // namespace lockstep::cluster
