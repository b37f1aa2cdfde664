// SPDX-License-Identifier: Apache-2.0
// First values of parameters: a pure function of the seed and the tensor's name. Element i in the
// file's order takes word 0 of Philox(i lo, i hi, draw, 0) under the stream key `init` + name.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/status.h"
#include "graph/nn/net.h"

namespace lockstep::graph {

// Fills `memory` (in memory order) with the parameter's first values, in double, rounded once.
// U(-b, b) is -b + 2 b u with u of draw 0; N(0, s^2) is s z with z from draws 0 and 1 (Box-Muller).
// Cancelled once `stop` (may be null) is set, which is looked at all the while: a tensor may have
// 100 million elements. The memory is partly filled then.
template <typename T>
Status Initialise(const Parameter& parameter, uint64_t seed, T* memory,
                  const std::atomic<bool>* stop = nullptr);

}  // namespace lockstep::graph
