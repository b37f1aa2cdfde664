// SPDX-License-Identifier: Apache-2.0
// BatchBuilder makes rows of a lane batch out of records. Internal to storage/loader.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/ids.h"
#include "base/sample/input_spec.h"
#include "base/shape.h"
#include "base/status.h"
#include "storage/augment/augment.h"
#include "storage/dataset/dataset.h"
#include "storage/loader/batch.h"
#include "storage/loader/field_reader.h"

namespace lockstep::storage {

// The tensors `image` and `label` of the fields of the same names.
std::vector<InputSpec> ImageAndLabelInputs();

// What every image of a split becomes by an augmentation list: [H, W, C]. Fails, naming two images
// and what they become, where that is not one size.
Result<Shape> AugmentedShape(const DatasetInfo& info, const SplitInfo& split,
                             const Augmentation& augmentation);

// Immutable after Make: any number of threads may use it, each with its own scratch.
class BatchBuilder {
 public:
  // Fails where the images of the split do not become one size by the augmentations, the schema
  // does not have the inputs, or `dtype` is neither f32 nor f64. `seed` is that of the run.
  static Result<BatchBuilder> Make(const DatasetInfo& info, const SplitInfo& split,
                                   const std::vector<std::string>& augment,
                                   const std::vector<InputSpec>& inputs, DType dtype,
                                   uint64_t seed);

  const Augmentation& augmentation() const { return augmentation_; }
  const Shape& image_shape() const { return image_; }  // [H, W, C] of every row

  // A batch with a row for each record, none filled.
  Result<LaneBatch> Allocate(Lane lane, const std::vector<Record>& records) const;
  // Fills one row with its record. Fails with data-loss where the record cannot be decoded, or does
  // not become an image of the size of all. Several threads may fill rows of one batch.
  Status Fill(const Record& record, Epoch epoch, int64_t row, SampleScratch* scratch,
              LaneBatch* batch) const;

 private:
  BatchBuilder(Augmentation augmentation, FieldReader fields, Shape image, uint64_t seed);

  Augmentation augmentation_;
  FieldReader fields_;
  Shape image_;
  PhiloxKey key_;
};

}  // namespace lockstep::storage
