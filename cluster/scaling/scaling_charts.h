// SPDX-License-Identifier: Apache-2.0
// The plots of `bench scaling`: throughput, efficiency, what a step consists of,
// the exchange, and checkpoints.
#pragma once

#include <vector>

#include "cluster/draw/chart.h"
#include "cluster/scaling/scaling_result.h"

namespace lockstep::cluster {

// In the order of PlotFiles (scaling_report.h).
std::vector<Chart> ScalingCharts(const ScalingResult& result);

}  // namespace lockstep::cluster
