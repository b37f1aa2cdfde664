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
#include "storage/dataset/dataset.h"
#include "storage/loader/augment.h"
#include "storage/loader/batch.h"

namespace lockstep::storage {

// Immutable after Make: any number of threads may use it, each with its own scratch.
class BatchBuilder {
 public:
  // Fails where the images of the dataset cannot go through the augmentations, or `dtype` is
  // neither f32 nor f64. `seed` is that of the run.
  static Result<BatchBuilder> Make(const DatasetInfo& info, const std::vector<std::string>& augment,
                                   DType dtype, uint64_t seed);

  const Augmentation& augmentation() const { return augmentation_; }
  const Shape& image_shape() const { return image_; }  // [H, W, C] of every row

  // A batch with a row for each record, none filled.
  Result<LaneBatch> Allocate(Lane lane, const std::vector<Record>& records) const;
  // Fills one row with its record. Fails with data-loss where it is not an image of the dataset's
  // size. Several threads may fill rows of one batch.
  Status Fill(const Record& record, Epoch epoch, int64_t row, AugmentScratch* scratch,
              LaneBatch* batch) const;

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
