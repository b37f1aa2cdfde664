// SPDX-License-Identifier: Apache-2.0
// AllSum: the canonical total of a few numbers of every lane (loss numerator and denominator,
// counts, metric sums), on every rank. For whole gradients use BlockExchange.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/device/device.h"
#include "base/status.h"
#include "comm/communicator.h"

namespace lockstep::comm {

// What one lane contributes, or the total. Every lane has the same numbers in the same places.
struct SumRow {
  std::vector<double> f64;   // losses and metric sums
  std::vector<int64_t> i64;  // counts
  bool operator==(const SumRow&) const = default;
};
SumRow operator+(const SumRow& a, const SumRow& b);  // elementwise

// `mine`: one row for each lane of this rank, in lane order (LanesOfRank). Every rank calls it;
// each sums inside its maximal subtrees, the sums are all-gathered and each rank adds them in the
// tree's order. Blocks until done or the deadline (one second more at most, for the
// failure that names who is missing): not to be called from work of `stream`.
Result<SumRow> AllSum(Communicator* communicator, int32_t all_lanes, std::span<const SumRow> mine,
                      Stream* stream, Deadline deadline);

}  // namespace lockstep::comm
