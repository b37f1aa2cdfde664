// SPDX-License-Identifier: Apache-2.0
// Limits of planted control groups: folders that stand for /proc and /sys/fs/cgroup.
#include "base/cgroup.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace lockstep {
namespace {

class CgroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "/cgroup_" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Plant(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }

  std::string root_;
};

TEST_F(CgroupTest, Version2TakesTheTightestOnTheWayUp) {
  Plant("/proc/self/cgroup", "0::/slurm/job_7\n");
  Plant("/sys/fs/cgroup/slurm/job_7/cpu.max", "max 100000\n");
  Plant("/sys/fs/cgroup/slurm/cpu.max", "150000 100000\n");
  Plant("/sys/fs/cgroup/slurm/job_7/memory.max", "2147483648\n");
  Plant("/sys/fs/cgroup/slurm/memory.max", "4294967296\n");
  Plant("/sys/fs/cgroup/slurm/job_7/pids.max", "90\n");
  Plant("/sys/fs/cgroup/slurm/pids.max", "4000\n");
  const CgroupLimits limits = ReadCgroupLimits(root_);
  EXPECT_DOUBLE_EQ(limits.cores, 1.5);
  EXPECT_EQ(limits.memory_bytes, int64_t{2} << 30);
  EXPECT_EQ(limits.tasks, 90);
}

TEST_F(CgroupTest, Version1HasAFolderAController) {
  Plant("/proc/self/cgroup", "4:memory:/box\n3:pids:/box\n2:cpu,cpuacct:/box\n1:cpuset:/other\n");
  Plant("/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "300000\n");
  Plant("/sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
  Plant("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "1073741824\n");
  Plant("/sys/fs/cgroup/pids/box/pids.max", "64\n");
  const CgroupLimits limits = ReadCgroupLimits(root_);
  EXPECT_DOUBLE_EQ(limits.cores, 3.0);
  EXPECT_EQ(limits.memory_bytes, int64_t{1} << 30);
  EXPECT_EQ(limits.tasks, 64);
}

TEST_F(CgroupTest, NoLimitIsNone) {
  Plant("/proc/self/cgroup", "0::/\n4:memory:/box\n3:cpu:/box\nrubbish\n");
  Plant("/sys/fs/cgroup/cpu.max", "max 100000\n");
  Plant("/sys/fs/cgroup/memory.max", "max\n");
  Plant("/sys/fs/cgroup/pids.max", "max\n");
  Plant("/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "-1\n");
  Plant("/sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
  Plant("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "9223372036854771712\n");
  const CgroupLimits limits = ReadCgroupLimits(root_);
  EXPECT_EQ(limits.cores, 0.0);
  EXPECT_EQ(limits.memory_bytes, 0);
  EXPECT_EQ(limits.tasks, 0);
  EXPECT_EQ(ReadCgroupLimits(root_ + "/nowhere").memory_bytes, 0);
}

}  // namespace
}  // namespace lockstep
