// SPDX-License-Identifier: Apache-2.0
// `lockstep ckpt rewind`: takes a run back to one of its checkpoints on purpose. The history from
// there on is a new branch; what the old one had written is kept beside it.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "cluster/console/console.h"

namespace lockstep::cluster {

struct CkptRewindOptions {
  std::string run;   // run directory
  int64_t step = 0;  // of a checkpoint of the branch that goes on
};
// Waits, as `train` does, for whoever holds the run. Errors: not-found: no checkpoint of that step
// (the message lists those there are); invalid-argument: the run stands there already; data-loss:
// the checkpoint is damaged.
Status RunCkptRewind(const CkptRewindOptions& options, Console* console);

}  // namespace lockstep::cluster
