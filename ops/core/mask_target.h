// SPDX-License-Identifier: Apache-2.0
// What losses and metrics of masks have in common: a mask i32 (N, H, W) beside logits (N, H, W, K).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "ops/core/expect.h"

namespace lockstep::ops {

// A kind of target (ops/core/loss.h): i32 (N, H, W), the class of each pixel, whose prediction is
// logits (N, H, W, K).
inline constexpr char kMaskTarget[] = "mask";

// The largest value of a mask stands for "ignore" (base/sample): of 8 bits 255, of 16 bits 65535. A
// model of more classes than 8 bits tell apart is for masks of 16 bits.
inline constexpr int64_t kIgnoreOf8Bits = 255, kIgnoreOf16Bits = 65535;
inline int64_t IgnoreFor(int64_t classes) {
  return classes <= kIgnoreOf8Bits ? kIgnoreOf8Bits : kIgnoreOf16Bits;
}
inline bool IsIgnored(int32_t value, int64_t ignore) {
  return value == ignore || value == kIgnoreOf16Bits;
}

// (logits or probabilities, mask, ...).
inline Status ExpectMaskOf(std::span<const TensorType> in, std::string_view name) {
  RETURN_IF_ERROR(ExpectFloat(in[0], name));
  RETURN_IF_ERROR(ExpectRank(in[0], 4, name));
  const Shape& shape = in[0].shape;
  if (shape[3] < 1) {
    return InvalidArgument(std::string(name) + " is " + in[0].ToString() +
                           "; expected at least one class");
  }
  RETURN_IF_ERROR(ExpectDType(in[1], DType::kInt32, "mask"));
  return ExpectShape(in[1], {shape[0], shape[1], shape[2]}, "mask");
}

}  // namespace lockstep::ops
