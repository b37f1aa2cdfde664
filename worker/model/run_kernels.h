// SPDX-License-Identifier: Apache-2.0
// The kernel file of a run (recipe: train.kernel_file): read whole, checked against this build and
// this machine, and turned into what plans are compiled with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/device/device_spec.h"
#include "base/status.h"
#include "graph/plan/kernel_choice.h"
#include "worker/config/train_config.h"

namespace lockstep::worker {

inline constexpr char kKernelFileCopy[] = "kernels.json";  // in a run directory

struct RunKernels {
  std::string path;   // of the file that was read; empty: the recipe names none
  std::string text;   // its bytes
  uint64_t hash = 0;  // of them, for digest(0); 0: the recipe names none
  graph::KernelChoices choices;
};

// Reads the copy in the run directory where there is one, so that a run goes on as it began; with
// --overwrite or --new-bits, and where there is no copy, the recipe's file. Nothing is read where
// the recipe names none. Errors name the file, what was found, what was expected and what to do:
// not-found, data-loss (torn or changed), failed-precondition (another format version, build,
// hardware kind, instruction set or number of threads), invalid-argument with reference kernels.
Result<RunKernels> LoadRunKernels(const TrainConfig& config, const DeviceSpec& spec);

// config.fixed_keys with a line for the kernel file's hash, so that all ranks must have the same
// file and a run must go on with the one it began with.
std::string FixedKeysOf(const TrainConfig& config, const RunKernels& kernels);

// Lines for a person: which file chooses the kernels of the run, and that the recipe's file is
// another now. A run goes on with the kernels it began with, whatever has become of that file.
std::vector<std::string> KernelNotes(const TrainConfig& config, const RunKernels& kernels);

}  // namespace lockstep::worker
