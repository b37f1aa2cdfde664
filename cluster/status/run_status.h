// SPDX-License-Identifier: Apache-2.0
// What a run directory says of its run, also while that goes on: read-only, from files that others
// may be writing or removing meanwhile. What cannot be read is said as a warning, and is no
// failure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/generation.h"
#include "storage/checkpoint/generation_status.h"

namespace lockstep::cluster {

struct RunPosition {
  int64_t step = 0, total_steps = 0;               // done, of; 0: not known
  int32_t epoch = 0, epochs = 0;                   // whole ones done, of; 0: not known
  int64_t step_in_epoch = 0, steps_per_epoch = 0;  // done, of; 0: not known
  std::string from;  // where this is from: "its coordinator", "summary.json", a checkpoint's name
};

struct GenerationLine {
  storage::GenerationInfo info;
  std::string holder;                               // storage::DescribeHolder
  std::optional<storage::GenerationStatus> status;  // where there is a whole one
  std::string end;                                  // "running", or how it ended and why
};

struct CheckpointLine {
  storage::CheckpointId id;
  int64_t bytes = 0;
  std::string time;
  bool whole = false;  // as far as its manifest and the sizes of its files say
};

struct DiskNeed {
  int64_t needed = 0;  // bytes that the run will still take, at most
  int64_t free = 0;    // of the file system
  std::string why;     // "2 checkpoints of 3,400 bytes, ..."
};

struct RunStatus {
  std::string run;
  // "running", "finished", "stopped", "failed", "ended without a word", "not begun", or "held" by a
  // process elsewhere that is silent. One elsewhere whose coordinator has written within the last
  // 30 seconds, by its own clock, counts as running.
  std::string state;
  std::string detail;  // a sentence, or empty
  std::optional<RunPosition> position;
  std::optional<double> steps_per_second, samples_per_second, seconds_left;
  std::vector<storage::RankStatus> ranks;  // of the newest generation
  std::optional<double> written_ago;       // seconds since it was told where they are
  std::vector<GenerationLine> generations;
  std::vector<CheckpointLine> checkpoints;
  std::string newest_verified, best;  // names; empty: none
  std::optional<DiskNeed> disk;
  std::vector<std::string> warnings;
};

// `verify`: every byte of the newest checkpoint is read, then of the one before it where that is
// damaged. not-found: there is no such run.
Result<RunStatus> ReadRunStatus(const std::string& run, bool verify);

}  // namespace lockstep::cluster
