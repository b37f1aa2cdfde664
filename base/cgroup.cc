// SPDX-License-Identifier: Apache-2.0
#include "base/cgroup.h"

#include <fstream>
#include <functional>
#include <sstream>
#include <vector>

namespace lockstep {
namespace {

constexpr int64_t kUnlimited = int64_t{1} << 62;  // version 1 writes about 2^63 for "no limit"

// The words of the first line; none where there is no such file.
std::vector<std::string> WordsOf(const std::string& path) {
  std::ifstream file(path);
  std::string line, word;
  std::getline(file, line);
  std::istringstream words(line);
  std::vector<std::string> all;
  while (words >> word) all.push_back(word);
  return all;
}

// Returns 0 for "max" and for what is no number.
int64_t NumberOf(const std::vector<std::string>& words, size_t i) {
  if (i >= words.size()) return 0;
  int64_t value = 0;
  std::istringstream(words[i]) >> value;
  return value;
}

template <typename T>
void Tighten(T limit, T* to) {
  if (limit > 0 && (*to == 0 || limit < *to)) *to = limit;
}

void AddCores(int64_t quota, int64_t period, CgroupLimits* limits) {
  if (quota > 0 && period > 0) {
    Tighten(static_cast<double>(quota) / static_cast<double>(period), &limits->cores);
  }
}

void AddMemory(int64_t bytes, CgroupLimits* limits) {
  if (bytes < kUnlimited) Tighten(bytes, &limits->memory_bytes);
}

// Calls fn(folder) for the group and each above it, the hierarchy's root included.
void ForEachUp(const std::string& mount, std::string group,
               const std::function<void(const std::string&)>& fn) {
  while (!group.empty() && group != "/") {
    fn(mount + group);
    group.resize(group.rfind('/'));
  }
  fn(mount);
}

}  // namespace

CgroupLimits ReadCgroupLimits(const std::string& root) {
  CgroupLimits limits;
  const std::string mount = root + "/sys/fs/cgroup";
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "4:cpu,cpuacct:/job_1", "0::/job_1"
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string group = line.substr(second + 1);
    if (!group.starts_with("/")) continue;
    if (controllers == ",,") {
      ForEachUp(mount, group, [&](const std::string& folder) {
        const auto cpu = WordsOf(folder + "/cpu.max");
        AddCores(NumberOf(cpu, 0), NumberOf(cpu, 1), &limits);
        AddMemory(NumberOf(WordsOf(folder + "/memory.max"), 0), &limits);
        Tighten(NumberOf(WordsOf(folder + "/pids.max"), 0), &limits.tasks);
      });
    }
    if (controllers.find(",cpu,") != std::string::npos) {
      ForEachUp(mount + "/cpu", group, [&](const std::string& folder) {
        AddCores(NumberOf(WordsOf(folder + "/cpu.cfs_quota_us"), 0),
                 NumberOf(WordsOf(folder + "/cpu.cfs_period_us"), 0), &limits);
      });
    }
    if (controllers.find(",memory,") != std::string::npos) {
      ForEachUp(mount + "/memory", group, [&](const std::string& folder) {
        AddMemory(NumberOf(WordsOf(folder + "/memory.limit_in_bytes"), 0), &limits);
      });
    }
    if (controllers.find(",pids,") != std::string::npos) {
      ForEachUp(mount + "/pids", group, [&](const std::string& folder) {
        Tighten(NumberOf(WordsOf(folder + "/pids.max"), 0), &limits.tasks);
      });
    }
  }
  return limits;
}

}  // namespace lockstep
