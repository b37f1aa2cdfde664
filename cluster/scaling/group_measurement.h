// SPDX-License-Identifier: Apache-2.0
// What a group of W ranks measures together: training steps as a run makes them (TrainingSteps: the
// loader, lanes, exchange, update, digest), checkpoints, and messages of known sizes. There is no
// coordinator and no run directory that lasts.
//
// Every time of a step is of the rank that computed longest in it: the others wait for it, and
// what they wait is no cost of the exchange.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/shape.h"
#include "base/status.h"
#include "comm/communicator.h"

namespace lockstep::cluster {

struct GroupSpec {
  std::string model = "lenet5";
  std::string dataset;  // of MakeDataset
  int32_t lanes = 8;    // V
  int64_t lane_batch = 32;
  int32_t threads = 1;  // T of a lane
  int32_t cores = 1;    // of a rank
  std::string kernels = "auto";
  std::string optimizer = "sgd";
  double learning_rate = 0.01;
  uint64_t seed = 1;
  int64_t steps = 20;  // that count
  int64_t warmup = 3;
  int64_t checkpoints = 3;  // after the steps; each follows a step of its own
  std::string folder;       // where checkpoints are written; it is there
};

// Milliseconds of one step.
struct StepParts {
  double step = 0.0;     // from one to the next, the digest included
  double input = 0.0;    // waited for the batch
  double compute = 0.0;  // forward, backward, sums over own lanes, update
  double exposed = 0.0;  // waited for other ranks and the exchange
  double hidden = 0.0;   // the exchange ran while this rank computed
  double digest = 0.0;   // hash of the state and its exchange
};

// One size of message, sent by every rank to every other at once.
struct MessageTime {
  double bytes = 0.0;  // of each message
  double ms = 0.0;     // median
};

struct GroupMeasurement {
  int32_t ranks = 1, lanes = 1;
  int64_t lane_batch = 1;
  int32_t lanes_at_once = 1;  // of a rank
  std::vector<StepParts> steps;
  std::vector<double> checkpoint_ms;        // for which training stands
  std::vector<double> checkpoint_whole_ms;  // until it is in place
  std::vector<MessageTime> messages;        // empty: one rank
  std::vector<uint64_t> digests;            // after each step, those of the warm-up first
  int64_t parameter_bytes = 0;              // of the parameter space, padding included
  int64_t buckets = 1;
  bool running_state = false;  // batch norm's travels too
  int32_t hosts = 1;           // machines
};

// Every rank of the communicator calls it, each on a thread of its own. What rank 0 returns is
// whole; the others' holds their own digests alone.
Result<GroupMeasurement> MeasureGroup(const GroupSpec& spec, comm::Communicator* communicator);

// As text, between the processes of `bench scaling`. Reading fails with data-loss.
std::string GroupToJson(const GroupMeasurement& measured);
Result<GroupMeasurement> GroupFromJson(const std::string& text);

}  // namespace lockstep::cluster
