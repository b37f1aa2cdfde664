// SPDX-License-Identifier: Apache-2.0
// `lockstep ckpt ls|verify|diff|rewind`. All but rewind look at checkpoints, change nothing, and
// can be used while the run goes on.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "cluster/cli/command.h"
#include "cluster/console/console.h"

namespace lockstep::cluster {

struct CkptLsOptions {
  std::string run;  // run directory
  bool json = false;
};
// The checkpoints (sizes and manifests checked, not every byte) and the generations of a run.
Status RunCkptLs(const CkptLsOptions& options, Console* console);

struct CkptVerifyOptions {
  std::string run;
  std::string name;  // "b01-s0000001200"; empty: all
};
// Reads every byte, and, where no checkpoint is named, what the run left beside them: tables and
// weights of a finished run, else the tables up to the newest checkpoint. Data-loss (65) if any is
// damaged, after all have been read and each damaged file named.
Status RunCkptVerify(const CkptVerifyOptions& options, Console* console);

struct CkptDiffOptions {
  std::vector<std::string> what;  // two checkpoint directories, or RUN NAME NAME
};
// Compares two states bit by bit: every tensor, and the trainer state. OK if they are equal;
// data-loss (65, as where a run meets its own step with other bits) if they differ, after each
// difference has been named. Damaged ones are not compared.
Status RunCkptDiff(const CkptDiffOptions& options, Console* console);

// The commands that have files of their own, ckpt_diff.cc and ckpt_rewind.cc.
Command CkptDiffCommand();
Command CkptRewindCommand();

}  // namespace lockstep::cluster
