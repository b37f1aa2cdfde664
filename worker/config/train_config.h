// SPDX-License-Identifier: Apache-2.0
// TrainConfig: everything about a run, resolved and checked, as plain data. cluster/recipes makes
// it from a TOML recipe; docs there say which key is free, branch or fixed. Defaults never change.
// What is chosen by name (model, loss, optimizer, schedule) has `options`: those that are given, of
// the part's own list; the others have the defaults of that list.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/options/attrs.h"

namespace lockstep::worker {

struct DataConfig {
  std::string dataset;          // directory of the dataset store
  std::string train = "train";  // split names
  std::string val = "test";     // empty: no evaluation
  int64_t window_shards = 64;   // K of the epoch order
};

struct ModelConfig {
  std::string name;           // see `lockstep models`
  int64_t classes = 0;        // 0: as many as the dataset has
  std::string weights;        // a safetensors file to start from; empty: as the seed draws them
  bool replace_head = false;  // a last layer for other classes than those of `weights` is drawn
  std::vector<std::string> freeze;    // patterns of parameters that are not trained
  std::string frozen_norms = "keep";  // keep | learn: running statistics of frozen batch norms
  Attrs options;
};

struct BatchConfig {
  int32_t lanes = 8;         // V, part of the mathematics
  int64_t lane_batch = 32;   // rows of a full lane batch
  int32_t lane_threads = 1;  // T, threads a lane's plan is compiled for
};

struct LossConfig {
  std::string name = "cross-entropy";
  Attrs options;
};

struct OptimizerConfig {
  std::string name = "sgd";
  double lr = 0.1;
  double clip_norm = 0.0;           // 0: no clipping by global norm
  std::vector<std::string> groups;  // rates of some parameters: graph/program/parameter_groups.h
  Attrs options;
};

struct ScheduleConfig {
  std::string name = "constant";
  double warmup_epochs = 0.0;  // linear from 0 to lr
  Attrs options;
};

struct EvalConfig {
  int64_t batch = 256;          // rows per lane of an evaluation batch
  int32_t every_epochs = 1;     // fixed: it will drive plateaus and early stopping
  std::string best;             // metric that compares evaluations, or "loss"; empty: the task's
  int64_t max_rows_mib = 1024;  // what is kept of the samples of an evaluation, at most
  std::string weights = "trained";  // trained | ema: which are evaluated
};

struct CheckpointConfig {
  int64_t every_steps = 0;  // 0: at the end of every epoch
  int32_t keep_last = 3;    // of a branch, at least 2
  bool keep_best = true;    // and the one with the best evaluation
  int32_t max_missed = 3;   // more failed writes in a row than this end the run
};

struct RunConfig {
  std::string directory;        // the run directory
  bool overwrite = false;       // begin an existing run anew
  bool takeover = false;        // take the run from whoever holds it
  bool new_bits = false;        // go on with another build or hardware kind, as a new branch
  std::string device = "auto";  // auto | a name of worker/device/make_device.h
  int32_t cores = 0;            // 0: all cores of the affinity mask
  int32_t lanes_at_once = 0;    // 0: max(1, cores / lane_threads)
  int32_t sample_threads = 0;   // that decode and augment, per rank; 0: one for each of its cores
  int32_t ranks = 1;            // W
  int32_t ranks_here = 0;       // of those on this machine; 0: all
  int32_t ranks_on_cores = 0;   // of those that share this process's cores; 0: all
  bool progress = true;         // progress bar on a terminal, lines otherwise
  int64_t log_every = 50;       // steps between progress lines where there is no terminal
  double heartbeat_limit = 10;  // seconds of silence after which a rank counts as lost
  double job_margin = 60;       // seconds kept free before the end of a SLURM job; 0: not watched
  double step_limit = 600;      // seconds one exchange may take, the computing of peers included
};

struct TrainConfig {
  std::string task = "classification";  // what the networks are trained for: see graph/tasks
  Attrs task_options;                   // of the task
  DataConfig data;
  ModelConfig model;
  BatchConfig batch;
  LossConfig loss;
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  EvalConfig eval;
  CheckpointConfig checkpoint;
  RunConfig run;
  std::vector<std::string> augment_train = {"normalise"};
  std::vector<std::string> augment_val = {"normalise"};
  int32_t epochs = 5;
  int64_t max_steps = 0;   // > 0: end after this many steps
  double ema_decay = 0.0;  // > 0: a moving average of the parameters is kept
  uint64_t seed = 1;
  DType precision = DType::kFloat32;  // kFloat64 needs V = W = 1
  std::string kernels = "auto";       // reference | auto
  // fp64 is the oracle and has no other kernels.
  bool reference_kernels() const { return kernels == "reference" || precision == DType::kFloat64; }
  std::string kernel_file;         // made by `lockstep tune`; empty: the first kernels of each op
  std::string cpu_isa = "native";  // native, or a name of base/device/cpu_isa.h
  std::string nonfinite = "stop";  // stop | skip
  std::string recompute = "none";  // none | blocks | a budget in MiB (graph/plan/lane_plan.h)
  int64_t digest_every = 1;
  std::string sync = "lockstep";  // lockstep | allreduce
  bool poison = false;            // fill dead buffers with NaN: debugging

  std::string recipe_text;  // resolved recipe with origins, written to the run directory
  // Sorted lines "key=value\n" of the keys of a role that differ from their defaults.
  std::string fixed_keys, branch_keys;
  std::string unlisted_keys;  // such lines of all keys as they are where not listed; for messages
  uint64_t recipe_hash = 0;   // of the fixed and branch keys that differ from their defaults
};

}  // namespace lockstep::worker
