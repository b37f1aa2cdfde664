// SPDX-License-Identifier: Apache-2.0
// generations/g000007.status: where the run of a generation is, for people. Its coordinator writes
// it anew every two seconds, and a last time with the reason of the end. No decision reads it and
// no bit depends on it; it is not synced, and a reader takes one that is missing or torn for one
// that says nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lockstep::storage {

struct RankStatus {
  int32_t rank = 0;
  std::string host;
  int64_t pid = 0;
  std::string phase;      // "forward and backward", "exchange", "checkpoint", ...
  int64_t step = 0;       // global steps done
  int64_t silent_ms = 0;  // since it was last heard
  bool left = false;      // it has said goodbye
};

struct GenerationStatus {
  int64_t generation = 0;
  std::string time;                              // UTC, when this was written
  int64_t first_step = 0, step = 0;              // done when it began, and now
  int64_t total_steps = 0, steps_per_epoch = 0;  // of the run
  int64_t samples = 0;                           // of an epoch
  int64_t elapsed_ms = 0;                        // since it began
  int64_t recent_steps = 0, recent_ms = 0;       // of about the last half minute
  std::vector<RankStatus> ranks;
  // Of the end; empty while it runs. `end` is a status code's name, or "ok".
  std::string end, reason;
};

std::string EncodeGenerationStatus(const GenerationStatus& status);
// data-loss for what is not byte for byte such a text, failed-precondition for another version.
Result<GenerationStatus> DecodeGenerationStatus(std::string_view text);

// Replaces the file in one step, unsynced.
Status WriteGenerationStatus(const std::string& run_directory, const GenerationStatus& status);
// not-found where there is none.
Result<GenerationStatus> ReadGenerationStatus(const std::string& run_directory, int64_t generation);
// Seconds since the file was last written, by this machine's clock; not-found where there is none.
Result<double> GenerationStatusAge(const std::string& run_directory, int64_t generation);

}  // namespace lockstep::storage
