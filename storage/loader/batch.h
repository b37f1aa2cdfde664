// SPDX-License-Identifier: Apache-2.0
// LaneBatch: the input of one lane in one step, as named tensors; the arguments of a plan are bound
// to them by name. StepBatch: the inputs of all lanes of a rank. Both own their memory and are
// moved, never copied.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/check.h"
#include "base/dtype.h"
#include "base/ids.h"
#include "base/shape.h"
#include "base/status.h"

namespace lockstep::storage {

// The names of the tensors that the loaders make.
inline constexpr std::string_view kImageTensor = "image";  // f32 or f64 [N, H, W, C]
inline constexpr std::string_view kLabelTensor = "label";  // i32 [N]

struct NamedTensor {
  std::string name;
  TensorType type;     // its first dimension is N, the rows of the batch
  AlignedBuffer data;  // row-major; empty where N is 0

  // The elements, which have this type.
  template <typename T>
  T* as() {
    CHECK_EQ(type.dtype, kDTypeOf<T>) << name;
    return static_cast<T*>(data.data());
  }
  template <typename T>
  const T* as() const {
    CHECK_EQ(type.dtype, kDTypeOf<T>) << name;
    return static_cast<const T*>(data.data());
  }
};

struct LaneBatch {
  Lane lane;
  int64_t rows = 0;  // 0: the lane has nothing to do
  std::vector<NamedTensor> tensors;
  std::vector<SampleId> ids;  // N, absolute: what was consumed, for exactly-once accounting
  // N: how many boxes of each row had no room in the tensors; empty where the batch has no boxes.
  std::vector<int64_t> boxes_left_out{};

  // The tensor of this name; null where there is none.
  const NamedTensor* Find(std::string_view name) const;
  // The tensor of this name, which the batch has.
  const NamedTensor& Tensor(std::string_view name) const;
  NamedTensor& Tensor(std::string_view name);

  // Adds a tensor whose elements are not set. Its name is new, and its first dimension is `rows`.
  // References to tensors end here; their memory stays where it is.
  Status Add(std::string_view name, TensorType type);

  int64_t bytes() const;         // of all tensors
  std::string ToString() const;  // "image f32[4,28,28,1], label i32[4]"
};

// A batch with the tensors kImageTensor and kLabelTensor, whose elements are not set: what
// measurements that have no dataset use. `image`:
// [H, W, C] of one row.
Result<LaneBatch> MakeImageBatch(Lane lane, int64_t rows, const Shape& image, DType dtype);

struct StepBatch {
  Epoch epoch;
  int64_t step_in_epoch = 0;
  Step step;                     // the run's global step: epoch * steps per epoch + step_in_epoch
  std::vector<LaneBatch> lanes;  // one for each lane of the rank, in lane order
};

}  // namespace lockstep::storage
