// SPDX-License-Identifier: Apache-2.0
// LaneBatch: the input of one lane in one step, ready for its graph. StepBatch: the inputs of all
// lanes of a rank. Both own their memory and are moved, never copied.
#pragma once

#include <cstdint>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/dtype.h"
#include "base/ids.h"
#include "base/shape.h"

namespace lockstep::storage {

struct LaneBatch {
  Lane lane;
  int64_t rows = 0;               // 0: the lane has nothing to do and x is empty
  DType dtype = DType::kFloat32;  // or kFloat64
  Shape image;                    // H W C of one row
  AlignedBuffer x;                // N H W C, row-major, `rows` images of `dtype`
  std::vector<int32_t> labels;    // N
  std::vector<SampleId> ids;      // N, absolute: what was consumed, for exactly-once accounting

  Shape shape() const { return {rows, image[0], image[1], image[2]}; }
};

struct StepBatch {
  Epoch epoch;
  int64_t step_in_epoch = 0;
  Step step;                     // the run's global step: epoch * steps per epoch + step_in_epoch
  std::vector<LaneBatch> lanes;  // one for each lane of the rank, in lane order
};

}  // namespace lockstep::storage
