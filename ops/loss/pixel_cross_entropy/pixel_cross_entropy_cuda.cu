// SPDX-License-Identifier: Apache-2.0
// A thread a pixel: classes are few and pixels many.
#include "ops/core/gpu_kernel.h"
#include "ops/loss/pixel_cross_entropy/pixel_cross_entropy_gpu.h"

namespace lockstep::ops::pixel_cross_entropy {

GPU_DEVICE bool IsLeftOut(int32_t label, const gpu::PixelLoss& a) {
  return label == a.ignore || label == 65535;
}

GPU_DEVICE double ClassWeight(const gpu::PixelLoss& a, int32_t label) {
  return a.weights[a.weight_count == 1 ? 0 : label];
}

// (1 - p)^gamma of `rest` = 1 - p.
GPU_DEVICE double FocusOf(double rest, double gamma) {
  if (gamma == 0.0) return 1.0;
  if (gamma == 2.0) return rest * rest;
  return rest > 0.0 ? pow(rest, gamma) : rest == 0.0 ? 0.0 : gpu::NotANumber();
}

// d loss / d (log p): see pixel_cross_entropy_pixel.h.
GPU_DEVICE double SlopeOf(const gpu::PixelLoss& a, double weight, double p) {
  const double rest = 1.0 - p;
  if (a.gamma == 0.0) return -a.alpha * weight;
  if (!(p > 0.0)) return p == 0.0 ? -a.alpha * weight : gpu::NotANumber();
  if (rest == 0.0) return 0.0;
  const double focus = FocusOf(rest, a.gamma);
  return a.alpha * weight * (a.gamma * p * (focus / rest) * log(p) - focus);
}

// Probabilities, which may overwrite the logits; and of each pixel what it adds to both sums.
GPU_KERNEL(pixel_cross_entropy_f32,
           (const float* logits, const int32_t* mask, float* p, double* losses, double* weights,
            int64_t pixels, int64_t classes, gpu::PixelLoss a)) {
  GPU_FOR(i, pixels) {
    const float* const x = logits + i * classes;
    const int32_t label = mask[i];
    const bool left_out = IsLeftOut(label, a);
    const bool exists = label >= 0 && label < classes && !left_out;
    double max = static_cast<double>(x[0]);
    for (int64_t k = 1; k < classes; ++k) max = gpu::Larger(max, static_cast<double>(x[k]));
    double sum = 0.0;
    for (int64_t k = 0; k < classes; ++k) sum += exp(static_cast<double>(x[k]) - max);
    const double log_p = exists ? static_cast<double>(x[label]) - max - log(sum) : 0.0;
    for (int64_t k = 0; k < classes; ++k) {
      const double e = exp(static_cast<double>(x[k]) - max);
      gpu::Store(p + i * classes + k, static_cast<float>(e / sum));
    }
    const double weight = left_out ? 0.0 : exists ? ClassWeight(a, label) : 1.0;
    double loss = left_out ? 0.0 : gpu::NotANumber();
    if (exists) loss = -(a.alpha * weight * FocusOf(1.0 - exp(log_p), a.gamma) * log_p);
    gpu::Store(losses + i, loss);
    gpu::Store(weights + i, weight);
  }
}

GPU_KERNEL(pixel_cross_entropy_grad_f32,
           (const float* p, const int32_t* mask, const double* dnumerator, float* dlogits,
            int64_t pixels, int64_t classes, gpu::PixelLoss a)) {
  const double scale = *dnumerator;
  GPU_FOR(i, pixels) {
    const int32_t label = mask[i];
    const bool left_out = IsLeftOut(label, a);
    const bool exists = label >= 0 && label < classes;
    double slope = left_out ? 0.0 : gpu::NotANumber();
    if (exists && !left_out) {
      slope = SlopeOf(a, ClassWeight(a, label), static_cast<double>(p[i * classes + label]));
    }
    for (int64_t k = 0; k < classes; ++k) {
      const int64_t at = i * classes + k;
      const double own = k == label ? 1.0 : 0.0;
      const double d = slope * (own - static_cast<double>(p[at])) * scale;
      gpu::Store(dlogits + at, left_out ? 0.0f : static_cast<float>(d));
    }
  }
}

}  // namespace lockstep::ops::pixel_cross_entropy
