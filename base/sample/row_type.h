// SPDX-License-Identifier: Apache-2.0
// What the values of fields are as rows of the tensors of a batch. The loader makes such tensors,
// and the plans of a task read them, so both ask here.
#pragma once

#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/sample/input_spec.h"
#include "base/sample/schema.h"
#include "base/shape.h"
#include "base/status.h"

namespace lockstep {

// The type of one row, without the dimension N of the batch:
//
//   image    f32 or f64 [H, W, C]    label    i32 []
//   mask     i32 [H, W]              labels   f32 or f64 [classes]
//   boxes    f32 or f64 [M, 4]       numbers  f32 or f64 [n], n = field.most
//   box_labels, box_flags  i32 [M]   box_area f32 or f64 [M]
//
// M is `most`, or where that is 0 the largest number of boxes of a sample, rounded up to a multiple
// of 8 and at least 8.
// `image`: [H, W, C] of every image of the batch, which a mask follows. `precision`: f32 or f64. A
// mask has the values that its file has; 255 of a mask with bytes and 65535 of one with 16 bits
// mean that the pixel is to be ignored. Invalid-argument where no batch can hold the kind yet.
Result<TensorType> RowTypeOf(const FieldSpec& field, const Shape& image, DType precision,
                             int64_t most = 0);

// A tensor of a batch.
struct BatchTensor {
  std::string name;
  TensorType row;
};
// The tensors of a batch, in its order: one for each input, then i32 [] "NAME.count" for each input
// of the kind `boxes`: how many of a row's M are boxes. Invalid-argument where the schema lacks a
// field, lists what there is, or no batch can hold it.
Result<std::vector<BatchTensor>> TensorsOfBatch(const Schema& schema,
                                                const std::vector<InputSpec>& inputs,
                                                const Shape& image, DType precision);

}  // namespace lockstep
