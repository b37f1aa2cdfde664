// SPDX-License-Identifier: Apache-2.0
// FieldReader: the values of records as rows of tensors, whose types base/sample/row_type.h states.
// Images, masks and boxes are augmented. A row with more boxes than it has room for keeps those of
// the lowest indices. Behind the last box of a row labels are -1, and all else is 0.
//
// Internal to storage/loader. Immutable after Make: any number of threads may use it, each with a
// SampleScratch of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/sample/input_spec.h"
#include "base/sample/row_type.h"
#include "base/shape.h"
#include "base/status.h"
#include "storage/augment/augment.h"
#include "storage/dataset/dataset.h"
#include "storage/image/image_decoder.h"
#include "storage/loader/batch.h"
#include "storage/loader/loader_timing.h"

namespace lockstep::storage {

// What a thread keeps from sample to sample: memory, and nothing that shows in a result.
struct SampleScratch {
  ImageDecoder decoder;
  AugmentedSample sample;
  LoaderTiming* timing = nullptr;  // null: nothing is timed
};

class FieldReader {
 public:
  // Fails where the schema has no such field, or its kind cannot be an input; the message lists
  // what there is.
  static Result<FieldReader> Make(const DatasetInfo& info, const std::vector<InputSpec>& inputs,
                                  const Shape& image, DType dtype);

  // The tensors of a batch of `rows` rows.
  Status AddTensors(LaneBatch* batch) const;

  // Decodes and augments the record, and writes its values to a row of every tensor. Fails with
  // data-loss where it cannot be decoded or does not become an image of the size of all.
  Status Read(const Record& record, const Augmentation& augmentation, const AugmentStream& stream,
              int64_t row, SampleScratch* scratch, LaneBatch* batch) const;

 private:
  struct Input {
    std::string tensor, name;  // in the batch, and of the field
    size_t field = 0;
    FieldKind kind = FieldKind::kImage;
    TensorType row;     // of one sample, without the first dimension
    int64_t mask = -1;  // which mask of the augmented sample it is
    size_t boxes = 0;   // which boxes of it, of a kind that belongs to boxes
    size_t count = 0;   // of boxes: the place of the tensor with their number
  };

  Status AddBoxes(const DatasetInfo& info, const FieldSpec& field, Input* input);
  void WriteBoxes(const Input& input, const AugmentedSample& sample, int64_t row,
                  LaneBatch* batch) const;
  Status Begin(const Record& record, const PixelSource& image, SampleScratch* scratch) const;
  Status Augment(const Record& record, const Augmentation& augmentation,
                 const AugmentStream& stream, SampleScratch* scratch) const;
  void Write(const Input& input, const FieldView& value, const Augmentation& augmentation,
             const AugmentedSample& sample, int64_t row, NamedTensor* tensor) const;

  std::vector<Input> inputs_;
  std::vector<BatchTensor> tensors_;  // of every batch
  Schema schema_;                     // where there are boxes
  std::vector<size_t> boxes_fields_;  // in the order of the augmented sample
  int image_field_ = -1;              // the field that is augmented; -1: none
  Shape image_;                       // of every augmented image
};

}  // namespace lockstep::storage
