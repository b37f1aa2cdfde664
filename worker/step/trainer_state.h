// SPDX-License-Identifier: Apache-2.0
// TrainerState: everything a later step reads beside tensors: position, counters, best so far. One
// struct, hashed whole into every step's digest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lockstep::worker {

struct TrainerState {
  // Position: which samples come next.
  int32_t epoch = 0;
  int64_t step_in_epoch = 0;

  int64_t global_step = 0;      // steps done
  int64_t applied_updates = 0;  // steps whose update was applied: Adam's t
  int64_t skipped_steps = 0;    // non-finite (nonfinite = "skip") or without samples
  int64_t best_correct = -1;    // top-1 hits of the best evaluation; -1: none yet
  int32_t best_epoch = -1;

  // Every field, little-endian, in the order above.
  std::string ToBytes() const;
  static Result<TrainerState> FromBytes(std::string_view bytes);
  bool operator==(const TrainerState&) const = default;
};

}  // namespace lockstep::worker
