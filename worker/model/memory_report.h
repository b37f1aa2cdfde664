// SPDX-License-Identifier: Apache-2.0
// MemoryReport: the bytes a run will use, known before its first step.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/plan/peak.h"

namespace lockstep::worker {

// The bytes of one process with all its ranks.
struct MemoryReport {
  int32_t ranks = 1;
  int32_t lanes_at_once = 1;  // of a rank
  int64_t parameters = 0;     // parameters, running statistics, optimizer slots
  int64_t gradients = 0;      // gradient and statistics buffers of the canonical sum
  int64_t arenas = 0;         // activations: one arena per lane that runs at once
  int64_t prepared = 0;       // weights as kernels want them, shared by the lanes of a rank
  int64_t arena = 0;          // of one lane, the largest
  int64_t arena_lower_bound = 0;
  std::vector<graph::PeakTensor> largest;  // at the arena's peak, largest first
  bool recompute = false;                  // train.recompute is not "none"
  bool arena_is_a_lanes = true;            // false: it is that of an evaluation
  int64_t exchange = 0;                    // receive buffers, update scratch
  int64_t batches = 0;                     // input batches made ahead
  int64_t samples = 0;                     // records held, images being decoded and augmented
  int64_t checkpoint = 0;                  // a copy of the state while it is written

  int64_t peak() const {
    return parameters + gradients + arenas + prepared + exchange + batches + samples + checkpoint;
  }
};

std::string BytesText(int64_t bytes);  // "12.3 MiB"

// "activations 1.2 GiB, parameters and optimizer 195.2 MiB, gradients 97.9 MiB".
std::string PartsText(const MemoryReport& report);

// Fails with resource-exhausted when the peak is more than the machine's memory; names the parts,
// the largest tensors at the peak of a lane's activations, and what would help.
Status CheckFits(const MemoryReport& report, int64_t machine_bytes);

}  // namespace lockstep::worker
