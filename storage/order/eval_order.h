// SPDX-License-Identifier: Apache-2.0
// The evaluation order: identity. Lane l owns samples [floor(l N / V), floor((l+1) N / V)) of the
// split, the same ranges as in training, in consecutive batches of `eval_batch` rows with the
// remainder last. It uses no random numbers, and takes every sample once for any number of ranks.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "base/range.h"
#include "base/status.h"

namespace lockstep::storage {

struct EvalSpec {
  int64_t samples = 0;     // N, of the split
  int32_t lanes = 1;       // V
  int64_t eval_batch = 1;  // rows of a full batch
};

Status Validate(const EvalSpec& spec);  // every number positive; the functions below CHECK it

Range LaneRange(const EvalSpec& spec, Lane lane);    // sample numbers within the split
int64_t BatchesOf(const EvalSpec& spec, Lane lane);  // 0 for an empty lane
// Sample numbers of batch 0 <= index < BatchesOf, relative to the split's first id.
Range BatchRange(const EvalSpec& spec, Lane lane, int64_t index);
// The distinct row counts that occur, increasing: what the eval graph is compiled for.
std::vector<int64_t> RowCounts(const EvalSpec& spec);

}  // namespace lockstep::storage
