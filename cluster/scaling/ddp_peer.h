// SPDX-License-Identifier: Apache-2.0
// PyTorch's DistributedDataParallel beside ours: the same model, images and global batch, on the
// same numbers of ranks, by its gloo backend on CPUs.
#pragma once

#include <string>

#include "base/status.h"
#include "cluster/scaling/scaling_bench.h"

namespace lockstep::cluster {

// Measures it for each number of ranks of the strong series (else of the weak one), and writes
// `peer` and `peers` of the result. Where PyTorch cannot be had, or the optimizer is another than
// sgd, or there are several machines, `peer` says so in a line, and that is no failure; a stop is.
Status MeasurePeer(const ScalingOptions& options, const std::string& folder,
                   const GroupLaunch& launch, ScalingResult* result);

}  // namespace lockstep::cluster
