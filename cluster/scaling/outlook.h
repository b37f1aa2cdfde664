// SPDX-License-Identifier: Apache-2.0
// Outlook: what the model expects of so many ranks over a stated network, before anything runs, and
// which numbers of lanes would serve machines of that size.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "cluster/scaling/network.h"
#include "cluster/scaling/scaling_model.h"

namespace lockstep::cluster {

struct Outlook {
  Workload work;
  ScalingModel model;
  std::string from;  // where the model's constants are from, for people
  Arrangement at;
  int64_t lane_batch = 1;
  Network network;
};

// A text for people. Invalid-argument, with the lanes that would do, where there are more ranks
// than lanes.
Result<std::string> OutlookText(const Outlook& outlook);

// A model that knows only how long a lane takes: between ranks everything is taken to cost what the
// network says.
ScalingModel ModelOfLane(double lane_ms, const Network& network);

}  // namespace lockstep::cluster
