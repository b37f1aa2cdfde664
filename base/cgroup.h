// SPDX-License-Identifier: Apache-2.0
// What the control group of this process allows it: containers and SLURM limit cores, memory and
// threads there, where the machine's own counts do not show it. Versions 1 and 2.
#pragma once

#include <cstdint>
#include <string>

namespace lockstep {

struct CgroupLimits {
  double cores = 0.0;        // of CPU time; 0: no limit
  int64_t memory_bytes = 0;  // 0: no limit
  int64_t tasks = 0;         // processes and threads together; 0: no limit
};

// `root` stands before /proc and /sys/fs/cgroup: empty, or a folder of a test. The tightest limit
// between the process's group and the root of the hierarchy counts; what cannot be read does not.
CgroupLimits ReadCgroupLimits(const std::string& root);

}  // namespace lockstep
