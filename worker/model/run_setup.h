// SPDX-License-Identifier: Apache-2.0
// RunSetup: what a config means for its dataset, before anything runs: program, order, plans. The
// commands train, eval and explain use it, so that all of them see the same run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/device/device.h"
#include "base/sample/schema.h"
#include "base/shape.h"
#include "base/watch.h"
#include "graph/schedules/schedule.h"
#include "storage/dataset/dataset.h"
#include "storage/order/epoch_order.h"
#include "storage/order/eval_order.h"
#include "worker/config/train_config.h"
#include "worker/model/compiled_model.h"
#include "worker/model/memory_report.h"
#include "worker/model/run_kernels.h"

namespace lockstep::worker {

inline constexpr int kPrefetchSteps = 2;                 // steps whose batches are made ahead
inline constexpr int kBatchesHeld = kPrefetchSteps + 1;  // and the one being used

struct RunSetup {
  std::unique_ptr<storage::Dataset> dataset;  // null: SetUpWithoutData
  std::unique_ptr<Device> device;
  RunKernels kernels;  // the recipe's kernel file
  storage::SplitInfo train_split;
  storage::OrderSpec order;
  storage::EvalSpec eval;  // samples = 0: the run does not evaluate
  std::unique_ptr<CompiledModel> model;
  int64_t most_rows = 0;  // of a lane batch that occurs
  int64_t steps_per_epoch = 0;
  int64_t total_steps = 0;     // of the run, max_steps applied
  int32_t lanes_at_once = 1;   // of a rank
  int32_t sample_threads = 1;  // of a rank: they decode and augment
  // The rates of all epochs: train.max_steps ends a run early and changes no step before.
  graph::LearningRates learning_rates;
};

// Opens the dataset, checks the config against it, builds and compiles everything. Every failure
// that can be foreseen is one here. Says in `watch` where it is, and ends as cancelled when asked.
Result<RunSetup> SetUp(const TrainConfig& config, const Watch& watch = {});

// The model of a config without its data: images of this shape, whatever else the task reads, this
// many classes, full lane batches only, no evaluation, no end. It is for measuring steps; `profile`
// is as in Executor::Options.
Result<RunSetup> SetUpWithoutData(const TrainConfig& config, const Shape& image, int64_t classes,
                                  bool profile);

// The bytes of the tensors of the largest lane batch that occurs.
int64_t LaneBatchBytes(const RunSetup& setup);

// The bytes of a run with this setup, all ranks together, before anything is allocated; without the
// exchange's receive buffers, which are known when it is made.
MemoryReport PlannedMemory(const TrainConfig& config, const RunSetup& setup);

// Whether the limits of this process let `ranks` of the run's ranks have the threads and the memory
// they need (base/process_limits.h).
Status CheckRoomFor(const TrainConfig& config, const RunSetup& setup, int ranks);

// What a dataset gives a program.
struct DataShape {
  Shape image;            // [H, W, C] of a training sample, as the loader gives it
  Shape eval_image = {};  // the same of evaluations; of rank 0: there are none, or as `image`
  Schema schema = ImageAndLabel({});
};

// The names of the classes that the task of a config tells apart: those of the first field that it
// reads and that has names. Empty where none has.
std::vector<std::string> ClassNames(const TrainConfig& config, const storage::DatasetInfo& info);

// The program of a config on such data.
Result<graph::Program> MakeProgram(const TrainConfig& config, const DataShape& data);

}  // namespace lockstep::worker
