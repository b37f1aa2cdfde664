// SPDX-License-Identifier: Apache-2.0
// Sliding windows (ops/core/window.h) for kernel bodies.
#pragma once

#include "ops/core/gpu_kernel.h"

namespace lockstep::gpu {

struct Span {
  int64_t begin, end;
  GPU_DEVICE int64_t size() const { return end - begin; }
};

GPU_DEVICE int64_t Between(int64_t value, int64_t low, int64_t high) {
  return value < low ? low : value > high ? high : value;
}

// floor(a / b), b > 0, a of any sign.
GPU_DEVICE int64_t FloorDivide(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

// The places of the window of output p that lie inside [0, in).
GPU_DEVICE Span InsideWindow(int64_t p, int64_t in, int64_t kernel, int64_t stride,
                             int64_t padding) {
  const int64_t first = p * stride - padding;
  return {Between(-first, 0, kernel), Between(in - first, 0, kernel)};
}

// The outputs whose windows cover input i.
GPU_DEVICE Span CoveringWindows(int64_t i, int64_t outputs, int64_t kernel, int64_t stride,
                                int64_t padding) {
  const int64_t at = i + padding;
  return {Between(-FloorDivide(kernel - 1 - at, stride), 0, outputs),
          Between(FloorDivide(at, stride) + 1, 0, outputs)};
}

// Element i of a tensor (n, h, w, c) taken apart.
struct Place {
  int64_t n, h, w, c;
};
GPU_DEVICE Place PlaceOf(int64_t i, int64_t height, int64_t width, int64_t channels) {
  const int64_t pixel = i / channels, row = pixel / width;
  return {row / height, row % height, pixel % width, i % channels};
}

}  // namespace lockstep::gpu
