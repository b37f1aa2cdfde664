// SPDX-License-Identifier: Apache-2.0
// `lockstep bench step`: how long a whole training step of a model takes on this machine (forward,
// the loss and task that the model was described for, backward, the sum over lanes, update) on
// made-up images in memory, by the classes that train; what memory it takes, and where the time
// goes.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "base/status.h"

namespace lockstep::cluster {

struct BenchStepOptions {
  std::string model = "lenet5";
  std::string image;  // "64x64x3": height, width, channels; empty: what the model was made for
  int64_t classes = 10;
  std::vector<std::string> freeze;  // patterns of parameters that are not trained
  int32_t lanes = 8;                // V
  int64_t lane_batch = 32;          // rows of each lane
  int32_t threads = 1;              // T of each lane
  int32_t cores = 0;                // lanes at once = cores / T; 0: all of the affinity mask
  std::string kernels = "auto";     // auto | reference
  std::string kernel_file;          // made by `lockstep tune`; empty: the first kernels
  std::string optimizer = "sgd";    // sgd (momentum 0.9) | adam
  double learning_rate = 0.01;
  uint64_t seed = 1;
  int64_t steps = 20;    // that count
  int64_t warmup = 3;    // before them
  bool profile = false;  // every layer and kind of op, not only the slowest
  bool library = false;  // also time oneDNN's primitives alone
  std::string json;      // the figures, all of the profile too, to this file; empty: nowhere
};

// Writes a table to `out`.
Status RunBenchStep(const BenchStepOptions& options, std::ostream& out);

}  // namespace lockstep::cluster
