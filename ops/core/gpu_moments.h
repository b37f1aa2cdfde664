// SPDX-License-Identifier: Apache-2.0
// What the GPU kernels of Adam and AdamW have in common (ops/core/moments.h): the bits are those of
// the reference kernel.
#pragma once

#include "ops/core/gpu_kernel.h"

namespace lockstep::gpu {

struct MomentsOfElement {
  float m, v, step;  // param' = from - step
};

// The root is exactly rounded: that of a float in double, rounded, is the rounded root.
GPU_DEVICE float Root(float x) { return static_cast<float>(sqrt(static_cast<double>(x))); }

GPU_DEVICE MomentsOfElement UpdateMoments(const Moments& a, float m, float v, float g,
                                          float step_size, float bias2_root) {
  const float weight = static_cast<float>(a.weight);
  const float mean = a.weight < 0.5 ? m + weight * (g - m) : g - (g - m) * (1.0f - weight);
  const float square = v * a.beta2 + a.rest2 * g * g;
  const float denominator = Root(square) / bias2_root + a.eps;
  return {mean, square, step_size * mean / denominator};
}

}  // namespace lockstep::gpu
