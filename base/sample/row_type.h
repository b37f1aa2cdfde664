// SPDX-License-Identifier: Apache-2.0
// RowTypeOf: what the values of a field are as rows of a tensor of a batch. The loader makes such
// tensors, and the plans of a task read them, so both ask here.
#pragma once

#include "base/dtype.h"
#include "base/sample/schema.h"
#include "base/shape.h"
#include "base/status.h"

namespace lockstep {

// The type of one row, without the dimension N of the batch:
//
//   image    f32 or f64 [H, W, C]    label    i32 []
//   mask     i32 [H, W]              labels   f32 or f64 [classes]
//                                    numbers  f32 or f64 [n], n = field.most
//
// `image`: [H, W, C] of every image of the batch, which a mask follows. `precision`: f32 or f64. A
// mask has the values that its file has; 255 of a mask with bytes and 65535 of one with 16 bits
// mean that the pixel is to be ignored. Invalid-argument where no batch can hold the kind yet.
Result<TensorType> RowTypeOf(const FieldSpec& field, const Shape& image, DType precision);

}  // namespace lockstep
