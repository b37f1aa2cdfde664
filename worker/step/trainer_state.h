// SPDX-License-Identifier: Apache-2.0
// TrainerState, schema 2: everything a later step reads beside tensors: position and counters, and
// by name whatever else a part of the run keeps. Hashed whole into every step's digest. An entry is
// there only once the part that it belongs to has set it, so a part that a run does not have leaves
// its digests alone.
#pragma once

#include <cstdint>
#include <map>
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

  std::map<std::string, double> entries;
  // NaN where there is no such entry.
  double Entry(const std::string& name) const;

  // The fields in the order above, little-endian, then the number of entries (u32) and each in
  // bytewise order of names: length of the name (u32), name, bits of the value.
  std::string ToBytes() const;
  static Result<TrainerState> FromBytes(std::string_view bytes);
  bool operator==(const TrainerState&) const = default;
};

}  // namespace lockstep::worker
