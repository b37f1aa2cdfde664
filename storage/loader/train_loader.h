// SPDX-License-Identifier: Apache-2.0
// TrainLoader: the lane batches of one rank, step after step, ready before they are asked for.
//
// Position is a pure function of (OrderSpec, epoch, step): a loader can start anywhere and nothing
// of it is ever saved. What it gives does not depend on threads, prefetch, memory, or which other
// lanes the rank has.
//
// Every thread works for every lane, up to `prefetch_steps` steps ahead: it reads a lane's records,
// or decodes and augments some rows of a batch; so one lane keeps any number of threads busy. A
// lane's records are read shard by shard: the runs of its current window are held from before the
// window begins until each record is used, and the next window's runs are read bit by bit while the
// current one is consumed. A run that does not fit in the lane's part of `cache_bytes` is not held;
// its records are read one by one when they are used.
//
// A record that cannot be read (data-loss: it fails its checksum) is an error of the step that
// uses it: the steps before are given first, then Next gives the error, with the sample's id and
// key, again and again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/dtype.h"
#include "base/ids.h"
#include "base/range.h"
#include "base/shape.h"
#include "base/status.h"
#include "storage/loader/batch.h"
#include "storage/loader/batch_builder.h"
#include "storage/loader/loader_timing.h"
#include "storage/order/epoch_order.h"

namespace lockstep::storage {

class Dataset;
class RecordSource;

struct TrainLoaderOptions {
  std::string split = "train";
  OrderSpec order;  // of the split: see OrderSpecFor in storage/order/dataset_order.h
  std::vector<std::string> augment = {
      "normalise"};  // see augment/augment.h; its seed is order.seed
  std::vector<InputSpec> inputs = ImageAndLabelInputs();  // the tensors of a batch
  DType dtype = DType::kFloat32;                          // kFloat32 or kFloat64
  Range lanes;             // of this rank: [begin, end) of 0 .. order.lanes
  Epoch start_epoch;       // the first batch is (start_epoch, start_step); start_step may be the
  int64_t start_step = 0;  // number of steps of an epoch: then the next epoch begins
  int32_t epochs = 1;      // of the run: the last one given is epochs - 1
  int threads = 1;         // that read, decode and augment
  int prefetch_steps = 2;  // steps made ahead, at least 1
  int64_t cache_bytes = int64_t{1} << 30;          // of records held, over all lanes
  std::shared_ptr<LoaderTiming> timing = nullptr;  // where to say what takes time; null: nowhere
};

class TrainLoader {
 public:
  // Checks everything that can be known before the first step (split, order, augmentations, image
  // sizes) and starts the threads. `dataset` must outlive the loader.
  static Result<std::unique_ptr<TrainLoader>> Make(const Dataset* dataset,
                                                   const TrainLoaderOptions& options);
  // The same over any source of records.
  static Result<std::unique_ptr<TrainLoader>> Make(std::shared_ptr<const RecordSource> source,
                                                   const TrainLoaderOptions& options);
  // Stops the threads; it waits for no more than the records that are being read.
  ~TrainLoader();

  const Shape& image_shape() const;  // [H, W, C] of every row
  int64_t steps_per_epoch() const;

  // True once every step up to the end of the last epoch has been given.
  bool Done() const;

  // The batches of all lanes of this rank for the next step. Errors: those of records;
  // deadline-exceeded names the step and the lanes still missing, and may be tried again;
  // failed-precondition after the last step. One thread at a time may call it.
  Result<StepBatch> Next(Deadline deadline);

  // How long Next has waited for batches so far, all calls together.
  double waited_seconds() const;

 private:
  class Core;
  explicit TrainLoader(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace lockstep::storage
