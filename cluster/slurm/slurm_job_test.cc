// SPDX-License-Identifier: Apache-2.0
#include "cluster/slurm/slurm_job.h"

#include <gtest/gtest.h>

#include <map>

namespace lockstep::cluster {
namespace {

std::optional<SlurmJob> Read(const std::map<std::string, std::string>& variables) {
  return ReadSlurmJob([&](const std::string& name) -> std::optional<std::string> {
    const auto it = variables.find(name);
    return it == variables.end() ? std::nullopt : std::optional<std::string>(it->second);
  });
}

// As SLURM 22.05 sets them, which has no SLURM_JOB_END_TIME.
TEST(SlurmJobTest, ReadsAJobOfTwoNodes) {
  const auto job = Read({{"SLURM_JOB_ID", "12"},
                         {"SLURM_JOB_NUM_NODES", "2"},
                         {"SLURM_JOB_NODELIST", "a,b"},
                         {"SLURM_NTASKS", "8"},
                         {"SLURM_RESTART_COUNT", "3"},
                         {"SLURM_CPU_BIND", "quiet,mask_cpu:0x1"}});
  ASSERT_TRUE(job);
  EXPECT_EQ(job->id, "12");
  EXPECT_EQ(job->name, "12");
  EXPECT_FALSE(job->in_array);
  EXPECT_EQ(job->nodes, 2);
  EXPECT_EQ(job->node_list, "a,b");
  EXPECT_EQ(job->tasks, 8);
  EXPECT_EQ(job->restarts, 3);
  EXPECT_FALSE(job->end_time);
  EXPECT_EQ(job->cpu_bind, "quiet,mask_cpu:0x1");
}

TEST(SlurmJobTest, ATaskOfAnArrayIsCalledByItsArray) {
  const auto job = Read({{"SLURM_JOB_ID", "14"},
                         {"SLURM_ARRAY_JOB_ID", "12"},
                         {"SLURM_ARRAY_TASK_ID", "2"},
                         {"SLURM_JOB_END_TIME", "1796049600"}});
  ASSERT_TRUE(job);
  EXPECT_EQ(job->id, "14");
  EXPECT_EQ(job->name, "12_2");
  EXPECT_TRUE(job->in_array);
  EXPECT_EQ(job->end_time, 1796049600);
}

TEST(SlurmJobTest, NonsenseCountsAsAbsent) {
  EXPECT_FALSE(Read({}));
  EXPECT_FALSE(Read({{"SLURM_JOB_ID", ""}}));
  EXPECT_FALSE(Read({{"SLURM_JOB_ID", "12; rm x"}}));
  EXPECT_FALSE(Read({{"SLURM_JOB_ID", std::string(100, '1')}}));
  const auto job = Read({{"SLURM_JOB_ID", "12"},
                         {"SLURM_JOB_NUM_NODES", "many"},
                         {"SLURM_RESTART_COUNT", "-1"},
                         {"SLURM_JOB_END_TIME", "99999999999999999999999"}});
  ASSERT_TRUE(job);
  EXPECT_EQ(job->nodes, 1);
  EXPECT_EQ(job->restarts, 0);
  EXPECT_FALSE(job->end_time);
}

}  // namespace
}  // namespace lockstep::cluster
