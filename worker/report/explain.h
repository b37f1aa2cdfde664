// SPDX-License-Identifier: Apache-2.0
// Explain: what a recipe means before anything runs: the costliest layers, the memory plan and, as
// the last lines, the totals: parameters, steps, memory, time. On request every layer and what it
// takes, the rows of lane batches and what the exchange costs for each number of ranks.
#pragma once

#include <string>

#include "base/shape.h"
#include "base/status.h"
#include "worker/config/train_config.h"
#include "worker/measure/predicted_time.h"

namespace lockstep::worker {

struct ExplainOptions {
  TimeOptions time;
  bool layers = false;  // everything; else at most a screen of 24 lines of 80 columns
};

// The text, and the figures in it that a prediction for more ranks is made of.
struct Explanation {
  std::string text;
  int64_t parameter_bytes = 0;  // of the parameter space, padding included
  bool running_state = false;   // batch norm's is exchanged too
  int32_t lanes_at_once = 1;    // of a rank
  double lanes_ms = 0.0;        // of the lanes of one of config.run.ranks ranks, in a step
  bool measured = false;        // lanes_ms; else it is the least that is possible
  Shape image;                  // [H, W, C] of a training sample
  int64_t classes = 0;          // that the model tells apart
};
Result<Explanation> ExplainWithFigures(const TrainConfig& config, const ExplainOptions& options);

// A text for people. Fails as training would.
Result<std::string> Explain(const TrainConfig& config, const ExplainOptions& options = {});

}  // namespace lockstep::worker
