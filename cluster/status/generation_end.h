// SPDX-License-Identifier: Apache-2.0
// How a start of a run (a generation) has ended, from what it left and what its coordinator said.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cluster/status/run_status.h"

namespace lockstep::cluster {

inline constexpr char kEndedWithoutAWord[] =
    "ended without a word: it was killed, or its machine failed or was cut off";

// What summary.json says of the start that wrote it last.
struct RunSummary {
  std::string status;
  int64_t step = 0, generation = 0;
};

// None where there is no summary.json or it is being written.
std::optional<RunSummary> ReadRunSummary(const std::string& run);

// "running", "finished", kEndedWithoutAWord, or how it ended and why. `newest`: no start came after
// it. The holder and the status of `line` are known.
std::string EndOfGeneration(const std::string& run, const GenerationLine& line, bool newest,
                            const std::optional<RunSummary>& summary);

}  // namespace lockstep::cluster
