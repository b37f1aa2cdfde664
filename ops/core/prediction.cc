// SPDX-License-Identifier: Apache-2.0
#include "ops/core/prediction.h"

#include "ops/core/expect.h"

namespace lockstep::ops {

Status ExpectLogitsAndLabels(std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(ExpectFloat(in[0], "logits"));
  RETURN_IF_ERROR(ExpectRank(in[0], 2, "logits"));
  RETURN_IF_ERROR(ExpectDType(in[1], DType::kInt32, "labels"));
  return ExpectShape(in[1], {in[0].shape[0]}, "labels");
}

}  // namespace lockstep::ops
