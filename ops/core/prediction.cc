// SPDX-License-Identifier: Apache-2.0
#include "ops/core/prediction.h"

#include <utility>

#include "ops/core/expect.h"

namespace lockstep::ops {

Status ExpectLogitsAndLabels(std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(ExpectFloat(in[0], "logits"));
  RETURN_IF_ERROR(ExpectRank(in[0], 2, "logits"));
  RETURN_IF_ERROR(ExpectDType(in[1], DType::kInt32, "labels"));
  return ExpectShape(in[1], {in[0].shape[0]}, "labels");
}

Sample LogitsAndLabels(std::string name, const Attrs& attrs, int64_t rows, int64_t classes) {
  return {std::move(name),
          attrs,
          {{{DType::kFloat32, {rows, classes}}, Fill::kDistinct, 0, false},
           {{DType::kInt32, {rows}}, Fill::kLabels, classes, false}}};
}

}  // namespace lockstep::ops
