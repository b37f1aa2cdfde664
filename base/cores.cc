// SPDX-License-Identifier: Apache-2.0
#include "base/cores.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <thread>

namespace lockstep {
namespace {

constexpr int kMostCores = 1 << 20;

// Cores of the mask, read into a set for `capacity` of them; 0 where that is too few.
int CountWithCapacity(int capacity) {
  const auto free_set = [](cpu_set_t* set) { CPU_FREE(set); };
  const std::unique_ptr<cpu_set_t, decltype(free_set)> set(CPU_ALLOC(capacity), free_set);
  if (set == nullptr) return 0;
  const size_t bytes = CPU_ALLOC_SIZE(capacity);
  if (sched_getaffinity(0, bytes, set.get()) != 0) return 0;
  return CPU_COUNT_S(bytes, set.get());
}

}  // namespace

int AvailableCores() {
  for (int capacity = 1024; capacity <= kMostCores; capacity *= 2) {
    const int cores = CountWithCapacity(capacity);
    if (cores > 0) return cores;
    if (errno != EINVAL) break;  // EINVAL: the kernel's mask is larger
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace lockstep
