// SPDX-License-Identifier: Apache-2.0
// How a process was started is read from variables alone; what cannot work is refused with its fix.
#include "comm/rendezvous/launch_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace lockstep::comm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using Variables = std::map<std::string, std::string>;

Environment Of(const Variables& variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto it = variables.find(name);
    if (it == variables.end()) return std::nullopt;
    return it->second;
  };
}

LaunchEnvironment Read(const Variables& variables) {
  const auto launch = ReadLaunchEnvironment(Of(variables));
  EXPECT_TRUE(launch.ok()) << launch.status();
  return launch.ok() ? *launch : LaunchEnvironment();
}

// Variables as the launchers set them; those that were measured stand in full.
const Variables kMpirun = {{"OMPI_COMM_WORLD_SIZE", "4"},
                           {"OMPI_COMM_WORLD_RANK", "3"},
                           {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
                           {"PMIX_RANK", "3"},
                           {"PMIX_NAMESPACE", "1203961857"}};
const Variables kMpiexec = {{"PMI_SIZE", "4"}, {"PMI_RANK", "1"}, {"MPI_LOCALNRANKS", "4"}};
const Variables kSrunPmix = {{"SLURM_STEP_NUM_TASKS", "4"},
                             {"SLURM_PROCID", "2"},
                             {"PMIX_RANK", "2"},
                             {"PMIX_NAMESPACE", "slurm.pmix.7.0"}};
const Variables kSrunPmi2 = {
    {"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_PROCID", "2"}, {"PMI_SIZE", "4"}, {"PMI_RANK", "2"}};
const Variables kSrunNone = {{"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_PROCID", "2"}};
const Variables kBatchScript = {
    {"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}, {"SLURM_JOB_ID", "7"}};

TEST(LaunchEnvironmentTest, NothingMeansAlone) {
  const LaunchEnvironment launch = Read({});
  EXPECT_EQ(launch.launcher, Launcher::kAlone);
  EXPECT_FALSE(launch.NeedsMpi());
  EXPECT_FALSE(launch.size.has_value());
}

TEST(LaunchEnvironmentTest, OpenMpisMpirunAnnouncesSizeRankAndLocalSize) {
  const LaunchEnvironment launch = Read(kMpirun);
  EXPECT_EQ(launch.launcher, Launcher::kOpenMpi);
  EXPECT_EQ(launch.size, 4);
  EXPECT_EQ(launch.rank, Rank(3));
  EXPECT_EQ(launch.local, 2);
  EXPECT_TRUE(launch.NeedsMpi());
}

TEST(LaunchEnvironmentTest, MpirunInsideAnAllocationCountsBeforeSrunThatStartedItsHelpers) {
  Variables variables = kMpirun;
  variables.insert({{"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_PROCID", "1"}});
  EXPECT_EQ(Read(variables).launcher, Launcher::kOpenMpi);
  EXPECT_EQ(Read(variables).size, 4);
  EXPECT_TRUE(CheckLaunch(Of(variables), 4, std::nullopt).ok());
}

TEST(LaunchEnvironmentTest, MpiexecAnnouncesByPmi) {
  const LaunchEnvironment launch = Read(kMpiexec);
  EXPECT_EQ(launch.launcher, Launcher::kPmi);
  EXPECT_EQ(launch.size, 4);
  EXPECT_EQ(launch.rank, Rank(1));
  EXPECT_EQ(launch.local, 4);
  EXPECT_TRUE(launch.NeedsMpi());
}

TEST(LaunchEnvironmentTest, SrunAnnouncesByTheStepAndPmix) {
  const LaunchEnvironment launch = Read(kSrunPmix);
  EXPECT_EQ(launch.launcher, Launcher::kPmix);
  EXPECT_EQ(launch.size, 4);
  EXPECT_EQ(launch.rank, Rank(2));
  EXPECT_TRUE(launch.NeedsMpi());
  EXPECT_EQ(Read(kSrunPmi2).launcher, Launcher::kPmi);
}

TEST(LaunchEnvironmentTest, PmixWithoutASizeStillNeedsMpi) {
  const LaunchEnvironment launch = Read({{"PMIX_RANK", "0"}});
  EXPECT_FALSE(launch.size.has_value());
  EXPECT_TRUE(launch.NeedsMpi());
  EXPECT_TRUE(CheckLaunch(Of({{"PMIX_RANK", "0"}}), 17, std::nullopt).ok());
}

TEST(LaunchEnvironmentTest, ABatchScriptsLoneProcessAndAStepOfOneAreAlone) {
  EXPECT_EQ(Read(kBatchScript).launcher, Launcher::kAlone);
  EXPECT_TRUE(CheckLaunch(Of(kBatchScript), std::nullopt, 2).ok());
  const Variables one = {{"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_PROCID", "0"}};
  EXPECT_EQ(Read(one).launcher, Launcher::kAlone);
}

TEST(LaunchEnvironmentTest, OneRankUnderALauncherNeedsNoMpi) {
  EXPECT_FALSE(Read({{"OMPI_COMM_WORLD_SIZE", "1"}, {"OMPI_COMM_WORLD_RANK", "0"}}).NeedsMpi());
}

TEST(LaunchEnvironmentTest, SrunWithoutPmiIsRefusedBeforeMpiIsTouched) {
  const Status status = CheckLaunch(Of(kSrunNone), std::nullopt, std::nullopt);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("4 tasks"), HasSubstr("srun --mpi=pmix")));
  EXPECT_TRUE(CheckLaunch(Of(kSrunPmix), std::nullopt, std::nullopt).ok());
  EXPECT_TRUE(CheckLaunch(Of(kSrunPmix), 4, std::nullopt).ok());
}

TEST(LaunchEnvironmentTest, AnotherMpisLauncherIsRefused) {
  const Status status = CheckLaunch(Of(kMpiexec), 1, std::nullopt);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("mpiexec (PMI) started 4"), HasSubstr("another MPI"),
                    HasSubstr("rebuild the plugin"), HasSubstr("mpirun of the plugin's MPI")));
  EXPECT_THAT(CheckLaunch(Of(kSrunPmi2), 1, std::nullopt).message(), HasSubstr("--mpi=pmix"));
  EXPECT_EQ(CheckLaunch(Of(kMpirun), 1, std::nullopt).code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(CheckLaunch(Of(kMpiexec), 4, std::nullopt).ok());
}

TEST(LaunchEnvironmentTest, RanksAsThreadsAreRefusedUnderALauncherAndAllowedAlone) {
  for (const Variables& variables : {kMpirun, kMpiexec, kSrunPmix}) {
    const Status status = CheckLaunch(Of(variables), std::nullopt, 2);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), AllOf(HasSubstr("--ranks 2"), HasSubstr("leave --ranks out")));
  }
  EXPECT_TRUE(CheckLaunch(Of({}), std::nullopt, 2).ok());
}

TEST(LaunchEnvironmentTest, AnAnnouncedSizeThatIsNotMpisIsRefusedNamingBoth) {
  const Status status = CheckLaunch(Of(kMpirun), 3, std::nullopt);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("announced 4"), HasSubstr("MPI says 3")));
  EXPECT_TRUE(CheckLaunch(Of(kMpirun), 4, std::nullopt).ok());
}

TEST(LaunchEnvironmentTest, WhatIsNotANumberIsNamed) {
  for (const char* bad : {"", "four", "4x", "0", "-1", "99999999999"}) {
    const Status status = CheckLaunch(Of({{"OMPI_COMM_WORLD_SIZE", bad}}), std::nullopt, {});
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << bad;
    EXPECT_THAT(status.message(), HasSubstr("OMPI_COMM_WORLD_SIZE is '" + std::string(bad) + "'"));
  }
  const Variables beyond = {{"PMI_SIZE", "2"}, {"PMI_RANK", "2"}};
  EXPECT_THAT(CheckLaunch(Of(beyond), std::nullopt, {}).message(), HasSubstr("rank 2"));
}

TEST(LaunchEnvironmentTest, OpenMpiIsWarnedOfUnlessItsTimeoutIsSet) {
  const auto warning = SignalWarning(Of(kMpirun));
  ASSERT_TRUE(warning.has_value());
  EXPECT_THAT(*warning,
              AllOf(HasSubstr("OMPI_MCA_odls_base_sigkill_timeout=4"), HasSubstr("kill -USR1")));
  Variables set = kMpirun;
  set["OMPI_MCA_odls_base_sigkill_timeout"] = "4";
  EXPECT_FALSE(SignalWarning(Of(set)).has_value());
  EXPECT_FALSE(SignalWarning(Of({})).has_value());
  EXPECT_FALSE(SignalWarning(Of(kSrunPmix)).has_value());
}

TEST(LaunchEnvironmentTest, TheProcessEnvironmentIsRead) {
  EXPECT_TRUE(ProcessEnvironment()("PATH").has_value());
  EXPECT_FALSE(ProcessEnvironment()("LOCKSTEP_NO_SUCH_VARIABLE").has_value());
}

}  // namespace
}  // namespace lockstep::comm
