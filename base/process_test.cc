// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

namespace lockstep {
namespace {

TEST(ProcessTest, KnowsItself) {
  const ProcessIdentity own = OwnProcess();
  EXPECT_EQ(own.pid, ::getpid());
  EXPECT_FALSE(own.host.empty());
  EXPECT_EQ(own.boot_id.size(), 36u);  // a UUID
  EXPECT_THAT(own.pid_namespace, ::testing::StartsWith("pid:["));
  EXPECT_FALSE(own.start.empty());
  EXPECT_EQ(own, OwnProcess());
  EXPECT_EQ(own.start, ProcessStart(::getpid()));
  EXPECT_FALSE(IsCertainlyGone(own));
}

TEST(ProcessTest, AKilledChildIsGoneAlreadyWhileItIsAZombie) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  ProcessIdentity identity = OwnProcess();
  identity.pid = child;
  identity.start = ProcessStart(child);
  EXPECT_FALSE(identity.start.empty());
  EXPECT_FALSE(IsCertainlyGone(identity));
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  siginfo_t info;
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(::kill(child, 0), 0);  // a zombie can be signalled
  EXPECT_EQ(ProcessStart(child), "");
  EXPECT_TRUE(IsCertainlyGone(identity));
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(IsCertainlyGone(identity));
}

TEST(ProcessTest, APidThatIsUsedAgainIsAnotherProcess) {
  ProcessIdentity former = OwnProcess();
  former.start = "1";
  EXPECT_TRUE(IsCertainlyGone(former));
}

TEST(ProcessTest, NothingIsSaidOfOtherMachinesBootsAndNamespaces) {
  const ProcessIdentity own = OwnProcess();
  for (const auto field :
       {&ProcessIdentity::host, &ProcessIdentity::boot_id, &ProcessIdentity::pid_namespace}) {
    ProcessIdentity other = own;
    other.start = "1";
    other.*field = "another";
    EXPECT_FALSE(IsCertainlyGone(other));
  }
  EXPECT_FALSE(IsCertainlyGone({}));
}

TEST(ProcessTest, TimeOfDayIsIso8601) {
  EXPECT_THAT(UtcTimeText(),
              ::testing::MatchesRegex("20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:"
                                      "[0-6][0-9]Z"));
}

}  // namespace
}  // namespace lockstep
