// SPDX-License-Identifier: Apache-2.0
#include "cluster/launch/launcher_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace lockstep::cluster {
namespace {

AncestorProcess Ancestor(int64_t pid, const std::string& name) {
  return {{"host", "boot", "pid:[1]", pid, "17"}, name};
}

comm::LaunchEnvironment By(comm::Launcher launcher) {
  comm::LaunchEnvironment launch;
  launch.launcher = launcher;
  return launch;
}

std::string NameOf(const std::optional<AncestorProcess>& found) {
  return found.has_value() ? found->name + " " + std::to_string(found->process.pid) : "none";
}

TEST(LauncherProcess, IsTheNearestAncestorThatIsCalledLikeOne) {
  const auto launch = By(comm::Launcher::kOpenMpi);
  EXPECT_EQ(NameOf(LauncherAmong({Ancestor(40, "mpirun"), Ancestor(1, "init")}, launch)),
            "mpirun 40");
  EXPECT_EQ(NameOf(LauncherAmong({Ancestor(50, "sh"), Ancestor(40, "orted"), Ancestor(30, "sshd"),
                                  Ancestor(20, "mpirun"), Ancestor(1, "init")},
                                 launch)),
            "orted 40")
      << "a script stands between";
  EXPECT_EQ(NameOf(LauncherAmong({Ancestor(9, "slurmstepd")}, By(comm::Launcher::kPmix))),
            "slurmstepd 9");
}

TEST(LauncherProcess, IsTheParentWhereNoneIsCalledLikeOne) {
  const auto launch = By(comm::Launcher::kPmi);
  EXPECT_EQ(NameOf(LauncherAmong({Ancestor(40, "ourstarter"), Ancestor(1, "init")}, launch)),
            "ourstarter 40");
}

TEST(LauncherProcess, IsNoneWithoutALauncherOrOutOfSight) {
  const std::vector<AncestorProcess> shell = {Ancestor(40, "mpirun"), Ancestor(1, "init")};
  EXPECT_EQ(NameOf(LauncherAmong(shell, By(comm::Launcher::kAlone))), "none");
  EXPECT_EQ(NameOf(LauncherAmong({}, By(comm::Launcher::kPmix))), "none");
  EXPECT_EQ(NameOf(LauncherAmong({Ancestor(1, "init")}, By(comm::Launcher::kPmix))), "none");
}

TEST(AncestorProcesses, BeginWithTheParent) {
  const std::vector<AncestorProcess> ancestors = AncestorProcesses();
  ASSERT_FALSE(ancestors.empty());
  EXPECT_EQ(ancestors.front().process.pid, ::getppid());
  EXPECT_EQ(ancestors.front().process.start, ProcessStart(::getppid()));
  EXPECT_FALSE(ancestors.front().name.empty());
  for (const AncestorProcess& ancestor : ancestors) {
    EXPECT_FALSE(IsCertainlyGone(ancestor.process)) << ancestor.name;
  }
}

}  // namespace
}  // namespace lockstep::cluster
