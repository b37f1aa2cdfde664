// SPDX-License-Identifier: Apache-2.0
// For tests: a limit of addresses (ulimit -v) just above what a process has.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

namespace lockstep {

// From here on the process may take no more than `bytes` beside what it has. In a process of its
// own only.
inline void AllowMoreMemory(rlim_t bytes) {
  long pages = 0;  // NOLINT: what fscanf wants
  if (FILE* file = std::fopen("/proc/self/statm", "r"); file != nullptr) {
    if (std::fscanf(file, "%ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  const auto has = static_cast<rlim_t>(pages) * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
  const rlimit limit{has + bytes, RLIM_INFINITY};
  ::setrlimit(RLIMIT_AS, &limit);
}

// A sanitizer takes addresses by the terabyte.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace lockstep

#define SKIP_IF_SANITIZED() \
  if (kSanitized) GTEST_SKIP() << "a sanitizer's build has no use for a limit of addresses"
