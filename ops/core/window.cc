// SPDX-License-Identifier: Apache-2.0
#include "ops/core/window.h"

#include <algorithm>
#include <string>

namespace lockstep::ops {
namespace {

constexpr int64_t kLargest = int64_t{1} << 30;  // of any number here: keeps every sum in range

Status ExpectBetween(int64_t value, int64_t low, std::string_view axis, std::string_view what) {
  if (value >= low && value <= kLargest) return OkStatus();
  return InvalidArgument(std::string(axis) + ": the " + std::string(what) + " is " +
                         std::to_string(value) + "; expected " + std::to_string(low) + " to " +
                         std::to_string(kLargest));
}

// floor(a / b) and ceil(a / b), b > 0, a of any sign.
int64_t FloorDiv(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
int64_t CeilDiv(int64_t a, int64_t b) { return -FloorDiv(-a, b); }

}  // namespace

Result<int64_t> Window::Outputs(int64_t in, std::string_view axis) const {
  RETURN_IF_ERROR(ExpectBetween(in, 0, axis, "input"));
  RETURN_IF_ERROR(ExpectBetween(kernel, 1, axis, "kernel"));
  RETURN_IF_ERROR(ExpectBetween(stride, 1, axis, "stride"));
  RETURN_IF_ERROR(ExpectBetween(padding, 0, axis, "padding"));
  RETURN_IF_ERROR(ExpectBetween(dilation, 1, axis, "dilation"));
  const int64_t padded = in + 2 * padding;
  if (span() > padded) {
    return InvalidArgument(std::string(axis) + ": a kernel of " + std::to_string(kernel) +
                           " with dilation " + std::to_string(dilation) + " spans " +
                           std::to_string(span()) + " pixels, more than the " +
                           std::to_string(padded) + " of the input (" + std::to_string(in) +
                           " and " + std::to_string(padding) +
                           " of padding on each side); use a smaller kernel or more padding");
  }
  return (padded - span()) / stride + 1;
}

Result<int64_t> Window::PoolOutputs(int64_t in, std::string_view axis) const {
  ASSIGN_OR_RETURN(const int64_t outputs, Outputs(in, axis));
  if (2 * padding <= kernel) return outputs;
  return InvalidArgument(std::string(axis) + ": the padding is " + std::to_string(padding) +
                         "; expected at most half the kernel of " + std::to_string(kernel) +
                         ", so that no window lies outside the image");
}

Range Window::Inside(int64_t p, int64_t in) const {
  const int64_t first = p * stride - padding;
  return {std::clamp(CeilDiv(-first, dilation), int64_t{0}, kernel),
          std::clamp(CeilDiv(in - first, dilation), int64_t{0}, kernel)};
}

Range Window::Covering(int64_t i, int64_t outputs) const {
  const int64_t at = i + padding;
  return {std::clamp(CeilDiv(at - kernel + 1, stride), int64_t{0}, outputs),
          std::clamp(FloorDiv(at, stride) + 1, int64_t{0}, outputs)};
}

}  // namespace lockstep::ops
