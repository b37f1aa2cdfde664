// SPDX-License-Identifier: Apache-2.0
#include "cluster/slurm/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Placement UnderMpirun(int32_t ranks) {
  Placement placement;
  placement.launch.launcher = comm::Launcher::kOpenMpi;
  placement.launch.name = "Open MPI's mpirun";
  placement.ranks = ranks;
  placement.cores = 1;
  placement.machine_cores = 8;
  placement.hosts = {{"n1", ranks, ranks}};
  return placement;
}

SlurmJob Job() {
  SlurmJob job;
  job.id = job.name = "12";
  job.nodes = 2;
  job.node_list = "n[1-2]";
  job.restarts = 1;
  return job;
}

TEST(PlacementTest, SaysJobNodesRanksCoresAndWhatBindsThem) {
  Placement placement = UnderMpirun(4);
  EXPECT_EQ(DescribePlacement(placement),
            "4 ranks by Open MPI's mpirun on 1 machine, 1 core per rank, bound by mpirun, or by "
            "what started it");
  placement.job = Job();
  placement.end_text = "it ends in 59:30";
  EXPECT_EQ(DescribePlacement(placement),
            "SLURM job 12, start 2, 2 nodes (n[1-2]); 4 ranks by Open MPI's mpirun on 1 machine, 1 "
            "core per rank, bound by mpirun, or by what started it; it ends in 59:30");
}

TEST(PlacementTest, SaysHowSrunBound) {
  Placement placement = UnderMpirun(2);
  placement.launch.launcher = comm::Launcher::kPmix;
  placement.launch.name = "srun (PMIx)";
  placement.job = Job();
  placement.job->cpu_bind = "quiet,mask_cpu:0x1";
  EXPECT_EQ(
      DescribePlacement(placement),
      "SLURM job 12, start 2, 2 nodes (n[1-2]); 2 ranks by srun (PMIx) on 1 machine, 1 core per "
      "rank, bound by srun (SLURM_CPU_BIND=quiet,mask_cpu:0x1)");
  placement.job->cpu_bind = "none";
  EXPECT_THAT(DescribePlacement(placement), HasSubstr("bound by its affinity mask"));
  placement.cores = placement.machine_cores;
  EXPECT_THAT(DescribePlacement(placement),
              HasSubstr("on 1 machine, 8 cores for the 2 ranks of a machine, not bound"));
}

TEST(PlacementTest, SaysWhereRanksShareTheCoresThatTheyAreBoundTo) {
  Placement placement = UnderMpirun(8);
  placement.hosts = {{"n1", 8, 1}};
  EXPECT_EQ(
      DescribePlacement(placement),
      "8 ranks by Open MPI's mpirun on 1 machine, 1 core for the 8 ranks of a machine, bound by "
      "mpirun, or by what started it");
  // One rank on each of two machines has the machine's cores for itself.
  placement.ranks = 2;
  placement.cores = placement.machine_cores;
  placement.hosts = {{"n1", 1, 8}, {"n2", 1, 8}};
  EXPECT_EQ(DescribePlacement(placement),
            "2 ranks by Open MPI's mpirun on 2 machines, 8 cores per rank, not bound");
}

TEST(PlacementTest, ALoneProcessHasNothingToSay) {
  Placement placement = UnderMpirun(1);
  placement.launch = comm::LaunchEnvironment();
  EXPECT_EQ(DescribePlacement(placement), "");
  EXPECT_THAT(PlacementWarnings(placement), IsEmpty());
}

TEST(PlacementTest, WarnsWhereOneCoreServesManyRanks) {
  Placement placement = UnderMpirun(8);
  EXPECT_THAT(PlacementWarnings(placement), IsEmpty());
  placement.hosts = {{"n1", 8, 1}, {"n2", 2, 2}};
  EXPECT_THAT(PlacementWarnings(placement), ElementsAre(HasSubstr("8 ranks on n1 share 1 core: ")));
  placement.job = Job();
  EXPECT_THAT(PlacementWarnings(placement), ElementsAre(HasSubstr("--cpus-per-task")));
}

TEST(PlacementTest, WarnsWhereALoneProcessLeavesTheTasksOfItsJobIdle) {
  Placement placement = UnderMpirun(1);
  placement.launch = comm::LaunchEnvironment();
  placement.job = Job();
  placement.job->tasks = 4;
  EXPECT_THAT(PlacementWarnings(placement), ElementsAre(HasSubstr("srun --mpi=pmix")));
  placement.ranks = 4;
  placement.hosts = {{"n1", 4, 4}};
  EXPECT_THAT(PlacementWarnings(placement), IsEmpty());
}

TEST(PlacementTest, ALoneProcessInAJobOfSeveralTasksIsRefusedUnlessItsRanksAreSaid) {
  SlurmJob job = Job();
  const comm::LaunchEnvironment alone;
  job.tasks = 1;
  EXPECT_TRUE(CheckTasks(job, alone, false).ok());
  job.tasks = 4;
  const Status refused = CheckTasks(job, alone, false);
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  for (const char* part :
       {"4 tasks (SLURM_NTASKS)", "srun --mpi=pmix", "slurm-script", "--ranks"}) {
    EXPECT_THAT(refused.message(), HasSubstr(part));
  }
  EXPECT_TRUE(CheckTasks(job, alone, true).ok());
  EXPECT_TRUE(CheckTasks(job, UnderMpirun(4).launch, false).ok());
}

TEST(PlacementTest, WarnsWhereDevicesAreHidden) {
  Placement placement = UnderMpirun(2);
  placement.job = Job();
  placement.job->gpus_per_task = "1";
  EXPECT_THAT(PlacementWarnings(placement), ElementsAre(HasSubstr("--gpus-per-node")));
}

}  // namespace
}  // namespace lockstep::cluster
