// SPDX-License-Identifier: Apache-2.0
// Variables of the environment that libraries in this program read, and why none of them can reach
// a bit unseen. Those that OpenMP must not have are refused (openmp_settings.h).
#pragma once

#include <span>
#include <string>

namespace lockstep::worker {

enum class Treatment {
  kOverruled,  // the program sets what it would set; it does nothing
  kRecorded,   // part of the build or hardware kind that a run is recorded with
  kHarmless,   // time, memory or messages; never a bit
};

struct LibraryVariable {
  const char* name;
  const char* library;
  Treatment treatment;
  const char* remark;  // what comes of it, for people
};

std::span<const LibraryVariable> LibraryVariables();

}  // namespace lockstep::worker
