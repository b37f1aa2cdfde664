// SPDX-License-Identifier: Apache-2.0
// Ids and counts that cross folders are types of their own, so that a lane is never passed where a
// rank is meant. Each wraps one integer; `.value` reads it.
#pragma once

#include <compare>
#include <cstdint>
#include <ostream>

namespace lockstep {

template <typename Tag, typename Int>
struct Id {
  Int value = 0;
  constexpr Id() = default;
  constexpr explicit Id(Int v) : value(v) {}
  auto operator<=>(const Id&) const = default;
};

template <typename Tag, typename Int>
std::ostream& operator<<(std::ostream& out, Id<Tag, Int> id) {
  return out << id.value;
}

using Rank = Id<struct RankTag, int32_t>;         // a process (or thread) of the run, 0 .. W-1
using Lane = Id<struct LaneTag, int32_t>;         // a logical slice of the batch, 0 .. V-1
using SampleId = Id<struct SampleTag, uint64_t>;  // key of a record in the dataset store
using Epoch = Id<struct EpochTag, int32_t>;
using Step = Id<struct StepTag, int64_t>;  // the run's global step

}  // namespace lockstep
