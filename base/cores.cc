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

// Cores of the mask, read into a set for `capacity` of them; none where that is too few.
std::vector<int> NumbersWithCapacity(int capacity) {
  const auto free_set = [](cpu_set_t* set) { CPU_FREE(set); };
  const std::unique_ptr<cpu_set_t, decltype(free_set)> set(CPU_ALLOC(capacity), free_set);
  if (set == nullptr) return {};
  const size_t bytes = CPU_ALLOC_SIZE(capacity);
  if (sched_getaffinity(0, bytes, set.get()) != 0) return {};
  std::vector<int> numbers;
  for (int core = 0; core < capacity; ++core) {
    if (CPU_ISSET_S(core, bytes, set.get())) numbers.push_back(core);
  }
  return numbers;
}

}  // namespace

std::vector<int> AvailableCoreNumbers() {
  for (int capacity = 1024; capacity <= kMostCores; capacity *= 2) {
    std::vector<int> cores = NumbersWithCapacity(capacity);
    if (!cores.empty()) return cores;
    if (errno != EINVAL) break;  // EINVAL: the kernel's mask is larger
  }
  return {};
}

int AvailableCores() {
  const auto cores = static_cast<int>(AvailableCoreNumbers().size());
  if (cores > 0) return cores;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace lockstep
