// SPDX-License-Identifier: Apache-2.0
// What losses and metrics of masks have in common: a mask i32 (N, H, W) beside logits (N, H, W, K);
// and the shape rule that they share with those of one class a row.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/options/attrs.h"
#include "ops/core/expect.h"
#include "ops/core/sample.h"

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

// The shape rule of whatever compares a class with logits of all K classes: (logits or
// probabilities of rank `rank`, the last dimension K, targets i32 of the other dimensions, ...).
inline Status ExpectClassBesideLogits(std::span<const TensorType> in, int64_t rank,
                                      std::string_view name, std::string_view target) {
  RETURN_IF_ERROR(ExpectFloat(in[0], name));
  RETURN_IF_ERROR(ExpectRank(in[0], rank, name));
  const std::vector<int64_t>& dims = in[0].shape.dims();
  if (dims.back() < 1) {
    return InvalidArgument(std::string(name) + " is " + in[0].ToString() +
                           "; expected at least one class");
  }
  RETURN_IF_ERROR(ExpectDType(in[1], DType::kInt32, target));
  return ExpectShape(in[1], Shape(std::vector<int64_t>(dims.begin(), dims.end() - 1)), target);
}

// (logits or probabilities (N, H, W, K), mask, ...).
inline Status ExpectMaskOf(std::span<const TensorType> in, std::string_view name) {
  return ExpectClassBesideLogits(in, 4, name, "mask");
}

// The pixels to ignore beside logits of this shape, which may be of another rank.
inline int64_t IgnoreOf(const Shape& logits) {
  return logits.rank() == 4 ? IgnoreFor(logits[3]) : kIgnoreOf8Bits;
}

// A sample of a loss of masks whose attributes say in `ignore` what is ignored: classes 0 to K - 1,
// and K stands for pixels to ignore.
template <typename A>
Sample MaskSample(std::string name, A attrs, const Shape& logits) {
  attrs.ignore = logits[3];
  return {
      std::move(name),
      Pack(attrs),
      {{{DType::kFloat32, logits}},
       {{DType::kInt32, {logits[0], logits[1], logits[2]}}, Fill::kLabels, logits[3] + 1, false}}};
}

}  // namespace lockstep::ops
