// SPDX-License-Identifier: Apache-2.0
// The files of generations/, as generation.cc and generation_waiter.cc share them. Internal.
#pragma once

#include <string>
#include <vector>

#include "base/process.h"
#include "base/status.h"
#include "storage/checkpoint/generation.h"

namespace lockstep::storage {

std::string GenerationsFolder(const std::string& run_directory);  // RUN/generations
std::string GenerationPath(const std::string& run_directory, int64_t number);
std::string AlivePath(const std::string& run_directory, int64_t number);

// The numbers taken, increasing. Fails with not-found where there is no folder.
Result<std::vector<int64_t>> GenerationNumbers(const std::string& run_directory);
Result<GenerationInfo> ReadGeneration(const std::string& run_directory, int64_t number);

ProcessIdentity HolderOf(const GenerationInfo& info);
std::string DescribeProcess(const GenerationInfo& info);  // "process 123 on node4 (job 77)"

inline constexpr char kEnded[] = "ended";
// What .alive holds: a counter's text, kEnded, or "" where there is none yet.
Result<std::string> ReadAlive(const std::string& run_directory, int64_t number);
// Rewrites .alive in place, always with the same length, so that a reader never sees a part.
Status WriteAlive(const std::string& run_directory, int64_t number, const std::string& text);

}  // namespace lockstep::storage
