// SPDX-License-Identifier: Apache-2.0
// The batch script that `lockstep slurm-script` prints: a file for sbatch that trains a recipe
// until its run is finished, however often the job's time ends. docs/slurm.md explains its lines.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace lockstep::cluster {

struct BatchScript {
  // The line of training: what is started on every rank.
  std::string program;  // "lockstep" or a path
  std::string recipe;
  std::vector<std::string> overrides;  // key=value
  std::string run_directory;
  double job_margin = 60;  // run.job_margin of the recipe; 0: the run does not watch its time

  // What is asked of SLURM.
  int32_t nodes = 1;
  int32_t ntasks_per_node = 1;
  int32_t gpus_per_node = 0;      // 0: a job for CPUs
  int32_t cpus_per_task = 0;      // 0: as the cluster gives
  std::string time = "01:00:00";  // as sbatch takes it
  std::string partition;          // empty: the cluster's default
  int32_t array = 0;              // above 0: so many jobs, one after the other

  int32_t notice = 120;           // seconds before the end at which SLURM asks it to stop
  std::string launcher = "srun";  // srun | mpirun
  std::string apptainer;          // image; empty: the program as it is

  int64_t ranks() const { return int64_t{nodes} * ntasks_per_node; }
};

// Whether SLURM could take this: invalid-argument names the option, its value and the remedy.
// `lanes`: the most ranks the recipe has work for. `stop_seconds`: how long a step and a checkpoint
// of this run have taken; 0: not known.
Status CheckBatchScript(const BatchScript& script, int32_t lanes, double stop_seconds);

// The whole text, with a comment for every part.
std::string BatchScriptText(const BatchScript& script);

// A word as a shell reads it back: as it is, or in single quotes.
std::string ShellWord(const std::string& text);

}  // namespace lockstep::cluster
