// SPDX-License-Identifier: Apache-2.0
// EvalLoader: the evaluation batches of any lane, by index (storage/order/eval_order.h). Every
// sample of the split is in exactly one batch, and no random numbers are used.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/ids.h"
#include "base/shape.h"
#include "base/status.h"
#include "storage/loader/batch.h"
#include "storage/loader/batch_builder.h"
#include "storage/order/eval_order.h"

namespace lockstep::storage {

class Dataset;
class RecordSource;

struct EvalLoaderOptions {
  std::string split = "test";
  int32_t lanes = 1;
  int64_t eval_batch = 256;
  std::vector<std::string> augment = {"normalise"};       // no random operation
  std::vector<InputSpec> inputs = ImageAndLabelInputs();  // the tensors of a batch
  DType dtype = DType::kFloat32;
};

class EvalLoader {
 public:
  // `dataset` must outlive the loader.
  static Result<std::unique_ptr<EvalLoader>> Make(const Dataset* dataset,
                                                  const EvalLoaderOptions& options);
  // The same over any source of records.
  static Result<std::unique_ptr<EvalLoader>> Make(std::shared_ptr<const RecordSource> source,
                                                  const EvalLoaderOptions& options);
  ~EvalLoader();

  const EvalSpec& spec() const { return spec_; }
  const Shape& image_shape() const;  // [H, W, C] of every row
  int64_t batches(Lane lane) const { return BatchesOf(spec_, lane); }

  // Batch 0 <= index < batches(lane). Any number of threads may call it at once. Errors: those of
  // records, with the sample's id and key.
  Result<LaneBatch> Read(Lane lane, int64_t index) const;

 private:
  EvalLoader(std::shared_ptr<const RecordSource> source, std::unique_ptr<BatchBuilder> builder,
             EvalSpec spec, SampleId first);

  std::shared_ptr<const RecordSource> source_;
  std::unique_ptr<BatchBuilder> builder_;
  EvalSpec spec_;
  SampleId first_;  // of the split
};

}  // namespace lockstep::storage
