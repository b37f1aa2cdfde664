// SPDX-License-Identifier: Apache-2.0
// BatchBuilder makes rows of a lane batch out of records. Internal to storage/loader.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/ids.h"
#include "base/shape.h"
#include "base/status.h"
#include "storage/augment/augment.h"
#include "storage/dataset/dataset.h"
#include "storage/loader/batch.h"

namespace lockstep::storage {

// Immutable after Make: any number of threads may use it, each with its own
// sample, which is overwritten.
class BatchBuilder {
 public:
  // Fails where the images of the dataset cannot go through the augmentations, or `dtype` is
  // neither f32 nor f64. `seed` is that of the run.
  static Result<BatchBuilder> Make(const DatasetInfo& info, const std::vector<std::string>& augment,
                                   DType dtype, uint64_t seed);

  const Augmentation& augmentation() const { return augmentation_; }
  const Shape& image_shape() const { return image_; }  // [H, W, C] of every row

  // A batch of `rows` rows, none filled.
  Result<LaneBatch> Allocate(Lane lane, int64_t rows) const;
  // Fills the next row with the record. Fails with data-loss where it is not an image of the
  // dataset's size.
  Status Append(const Record& record, Epoch epoch, AugmentedSample* sample, LaneBatch* batch) const;

 private:
  BatchBuilder(Augmentation augmentation, Shape source, Shape image, DType dtype, uint64_t seed);

  Augmentation augmentation_;
  Shape source_;  // [H, W, C] of every record
  Shape image_;
  DType dtype_;
  PhiloxKey key_;
};

// "sample 17 (key 0000000000000011)": how messages name a sample.
std::string NameOf(SampleId id);

}  // namespace lockstep::storage
