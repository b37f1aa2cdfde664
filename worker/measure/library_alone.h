// SPDX-License-Identifier: Apache-2.0
// How fast the primitives of a library are by themselves: the lanes of a step, forward and
// backward, with every kernel left out that is not a library's. What such a step computes means
// nothing.
#pragma once

#include <cstdint>

#include "graph/plan/plan.h"
#include "worker/config/train_config.h"
#include "worker/model/run_setup.h"

namespace lockstep::worker {

enum class LibraryPart {
  kOfThePlan,  // the primitives that the setup's plan takes
  kAllItHas,   // all that the library has for the model as it is stated, with no op fused
};

// Milliseconds of a step's lanes, the median of `steps` after `warmup` that do not count. As many
// lanes at once as the setup has, and, as in training, weights are prepared once a step. Nothing is
// added over lanes and nothing is updated. Resource-exhausted before anything is allocated where it
// needs more memory than the device has.
Result<double> MeasureLibraryAlone(const TrainConfig& config, const RunSetup& setup,
                                   LibraryPart part, int64_t warmup, int64_t steps);

// `plan` with no other nodes than those that a library runs, each at its place in memory, and with
// no other prepared parameters than theirs.
graph::Plan LibraryNodesOf(const graph::Plan& plan);

}  // namespace lockstep::worker
