// SPDX-License-Identifier: Apache-2.0
// Tensors are rows of channels; statistics and sums are doubles (C) in the workspace.
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops::batch_norm {

// Parts of the sum over rows of (x - mean)^2: as sum_rows_f32 (ops/core/sums_cuda.cu).
GPU_KERNEL(batch_norm_squares_f32, (const float* x, const double* mean, double* parts, int64_t rows,
                                    int64_t channels, int64_t rows_of_part, int64_t part_count)) {
  GPU_FOR(i, part_count * channels) {
    const int64_t part = i / channels, c = i - part * channels;
    const int64_t end = gpu::Smaller(rows, (part + 1) * rows_of_part);
    const double centre = mean[c];
    double sum = 0.0;
    for (int64_t row = part * rows_of_part; row < end; ++row) {
      const double d = static_cast<double>(x[row * channels + c]) - centre;
      sum += d * d;
    }
    gpu::Store(parts + i, sum);
  }
}

// From mean and variance of the batch: the outputs (C) and 1 / sqrt(var + eps) in double.
GPU_KERNEL(batch_norm_statistics_f32,
           (const double* mean, const double* var, float* mean_out, float* unbiased_var,
            float* inv_std_out, double* inv_std, int64_t channels, double rows, double eps)) {
  GPU_FOR(c, channels) {
    const double scale = 1.0 / sqrt(var[c] + eps);
    gpu::Store(mean_out + c, static_cast<float>(mean[c]));
    gpu::Store(unbiased_var + c,
               rows < 2.0 ? 0.0f : static_cast<float>(var[c] * (rows / (rows - 1.0))));
    gpu::Store(inv_std_out + c, static_cast<float>(scale));
    gpu::Store(inv_std + c, scale);
  }
}

// From running statistics: both in double.
GPU_KERNEL(batch_norm_running_f32, (const float* running_mean, const float* running_var,
                                    double* mean, double* inv_std, int64_t channels, double eps)) {
  GPU_FOR(c, channels) {
    gpu::Store(mean + c, static_cast<double>(running_mean[c]));
    gpu::Store(inv_std + c, 1.0 / sqrt(static_cast<double>(running_var[c]) + eps));
  }
}

GPU_DEVICE float Normal(float x, double mean, double inv_std, float gamma, float beta) {
  const double normal = (static_cast<double>(x) - mean) * inv_std;
  return static_cast<float>(normal * static_cast<double>(gamma) + static_cast<double>(beta));
}

// y may be x.
GPU_KERNEL(batch_norm_f32,
           (const float* x, const double* mean, const double* inv_std, const float* gamma,
            const float* beta, float* y, int64_t n, int64_t channels)) {
  GPU_FOR(i, n) {
    const int64_t c = i % channels;
    gpu::Store(y + i, Normal(x[i], mean[c], inv_std[c], gamma[c], beta[c]));
  }
}

GPU_KERNEL(batch_norm_relu_f32,
           (const float* x, const double* mean, const double* inv_std, const float* gamma,
            const float* beta, float* y, int64_t n, int64_t channels)) {
  GPU_FOR(i, n) {
    const int64_t c = i % channels;
    const float v = Normal(x[i], mean[c], inv_std[c], gamma[c], beta[c]);
    gpu::Store(y + i, v < 0 ? 0.0f : v);
  }
}

GPU_KERNEL(batch_norm_add_relu_f32,
           (const float* x, const double* mean, const double* inv_std, const float* gamma,
            const float* beta, float* y, int64_t n, int64_t channels, const float* residual)) {
  GPU_FOR(i, n) {
    const int64_t c = i % channels;
    const float v = Normal(x[i], mean[c], inv_std[c], gamma[c], beta[c]) + residual[i];
    gpu::Store(y + i, v < 0 ? 0.0f : v);
  }
}

// What flows into element i of the normalised x: dy, where the ReLU behind it let x through.
struct NoMask {
  GPU_DEVICE bool Passes(int64_t, int64_t, double) const { return true; }
};
struct SignMask {  // of gamma xhat + beta
  const float *gamma, *beta;
  GPU_DEVICE bool Passes(int64_t, int64_t c, double xhat) const {
    return static_cast<float>(xhat * static_cast<double>(gamma[c]) + static_cast<double>(beta[c])) >
           0;
  }
};
struct OutputMask {  // of y
  const float* y;
  GPU_DEVICE bool Passes(int64_t i, int64_t, double) const { return y[i] > 0; }
};

struct GradInputs {
  const float *x, *mean, *inv_std, *dy;
  GPU_DEVICE double Normal(int64_t i, int64_t c) const {
    return (static_cast<double>(x[i]) - static_cast<double>(mean[c])) *
           static_cast<double>(inv_std[c]);
  }
};

// Parts of dgamma = sum dz xhat and dbeta = sum dz.
template <typename Mask>
GPU_DEVICE void GradParts(const GradInputs& in, const Mask& mask, double* dgamma, double* dbeta,
                          int64_t rows, int64_t channels, int64_t rows_of_part,
                          int64_t part_count) {
  GPU_FOR(i, part_count * channels) {
    const int64_t part = i / channels, c = i - part * channels;
    const int64_t end = gpu::Smaller(rows, (part + 1) * rows_of_part);
    double scaled = 0.0, plain = 0.0;
    for (int64_t row = part * rows_of_part; row < end; ++row) {
      const int64_t at = row * channels + c;
      const double xhat = in.Normal(at, c);
      const double d = mask.Passes(at, c, xhat) ? static_cast<double>(in.dy[at]) : 0.0;
      plain += d;
      scaled += d * xhat;
    }
    gpu::Store(dgamma + i, scaled);
    gpu::Store(dbeta + i, plain);
  }
}

// dx = gamma inv_std (dz - dbeta / M - xhat dgamma / M).
GPU_DEVICE float ElementGrad(const GradInputs& in, double dz, double xhat, float gamma,
                             const double* dgamma, const double* dbeta, int64_t c, double rows) {
  const double centred = dz - dbeta[c] / rows - xhat * (dgamma[c] / rows);
  return static_cast<float>(static_cast<double>(gamma) * static_cast<double>(in.inv_std[c]) *
                            centred);
}

template <typename Mask>
GPU_DEVICE void GradOfX(const GradInputs& in, const Mask& mask, const float* gamma,
                        const double* dgamma, const double* dbeta, float* dx, int64_t n,
                        int64_t channels, double rows) {
  GPU_FOR(i, n) {
    const int64_t c = i % channels;
    const double xhat = in.Normal(i, c);
    const double dz = mask.Passes(i, c, xhat) ? static_cast<double>(in.dy[i]) : 0.0;
    gpu::Store(dx + i, ElementGrad(in, dz, xhat, gamma[c], dgamma, dbeta, c, rows));
  }
}

GPU_KERNEL(batch_norm_grad_parts_f32,
           (const float* x, const float* mean, const float* inv_std, const float* dy,
            double* dgamma, double* dbeta, int64_t rows, int64_t channels, int64_t rows_of_part,
            int64_t part_count)) {
  GradParts(GradInputs{x, mean, inv_std, dy}, NoMask{}, dgamma, dbeta, rows, channels, rows_of_part,
            part_count);
}
GPU_KERNEL(batch_norm_relu_grad_parts_f32,
           (const float* x, const float* mean, const float* inv_std, const float* dy,
            double* dgamma, double* dbeta, int64_t rows, int64_t channels, int64_t rows_of_part,
            int64_t part_count, const float* gamma, const float* beta)) {
  GradParts(GradInputs{x, mean, inv_std, dy}, SignMask{gamma, beta}, dgamma, dbeta, rows, channels,
            rows_of_part, part_count);
}
GPU_KERNEL(batch_norm_add_relu_grad_parts_f32,
           (const float* x, const float* mean, const float* inv_std, const float* dy,
            double* dgamma, double* dbeta, int64_t rows, int64_t channels, int64_t rows_of_part,
            int64_t part_count, const float* y)) {
  GradParts(GradInputs{x, mean, inv_std, dy}, OutputMask{y}, dgamma, dbeta, rows, channels,
            rows_of_part, part_count);
}

// dx may be dy.
GPU_KERNEL(batch_norm_grad_f32,
           (const float* x, const float* mean, const float* inv_std, const float* dy,
            const float* gamma, const double* dgamma, const double* dbeta, float* dx, int64_t n,
            int64_t channels, double rows)) {
  GradOfX(GradInputs{x, mean, inv_std, dy}, NoMask{}, gamma, dgamma, dbeta, dx, n, channels, rows);
}
GPU_KERNEL(batch_norm_relu_grad_f32,
           (const float* x, const float* mean, const float* inv_std, const float* dy,
            const float* gamma, const double* dgamma, const double* dbeta, float* dx, int64_t n,
            int64_t channels, double rows, const float* beta)) {
  GradOfX(GradInputs{x, mean, inv_std, dy}, SignMask{gamma, beta}, gamma, dgamma, dbeta, dx, n,
          channels, rows);
}
// Also dresidual, which may be y.
GPU_KERNEL(batch_norm_add_relu_grad_f32,
           (const float* x, const float* mean, const float* inv_std, const float* dy,
            const float* gamma, const double* dgamma, const double* dbeta, float* dx, int64_t n,
            int64_t channels, double rows, const float* y, float* dresidual)) {
  const GradInputs in = {x, mean, inv_std, dy};
  GPU_FOR(i, n) {
    const int64_t c = i % channels;
    const float masked = y[i] > 0 ? dy[i] : 0.0f;
    const float d = ElementGrad(in, static_cast<double>(masked), in.Normal(i, c), gamma[c], dgamma,
                                dbeta, c, rows);
    gpu::Store(dx + i, d);
    gpu::Store(dresidual + i, masked);
  }
}

GPU_KERNEL(batch_norm_round_f32, (const double* sums, float* rounded, int64_t channels)) {
  GPU_FOR(c, channels) gpu::Store(rounded + c, static_cast<float>(sums[c]));
}

// Fixed statistics: dx = dy gamma inv_std.
GPU_KERNEL(batch_norm_infer_grad_f32, (const float* dy, const float* gamma, const double* inv_std,
                                       float* dx, int64_t n, int64_t channels)) {
  GPU_FOR(i, n) {
    const int64_t c = i % channels;
    const double slope = static_cast<double>(gamma[c]) * inv_std[c];
    gpu::Store(dx + i, static_cast<float>(static_cast<double>(dy[i]) * slope));
  }
}

// Parts of dgamma and dbeta with fixed statistics, in double.
GPU_KERNEL(batch_norm_infer_grad_parts_f32,
           (const float* x, const double* mean, const double* inv_std, const float* dy,
            double* dgamma, double* dbeta, int64_t rows, int64_t channels, int64_t rows_of_part,
            int64_t part_count)) {
  GPU_FOR(i, part_count * channels) {
    const int64_t part = i / channels, c = i - part * channels;
    const int64_t end = gpu::Smaller(rows, (part + 1) * rows_of_part);
    double scaled = 0.0, plain = 0.0;
    for (int64_t row = part * rows_of_part; row < end; ++row) {
      const int64_t at = row * channels + c;
      const double d = static_cast<double>(dy[at]);
      plain += d;
      scaled += d * ((static_cast<double>(x[at]) - mean[c]) * inv_std[c]);
    }
    gpu::Store(dgamma + i, scaled);
    gpu::Store(dbeta + i, plain);
  }
}

// The gradients of the running statistics, from dgamma and dbeta.
GPU_KERNEL(batch_norm_running_grad_f32,
           (const float* gamma, const double* inv_std, const double* dgamma, const double* dbeta,
            float* dmean, float* dvar, int64_t channels)) {
  GPU_FOR(c, channels) {
    const double slope = static_cast<double>(gamma[c]) * inv_std[c];
    gpu::Store(dmean + c, static_cast<float>(-slope * dbeta[c]));
    gpu::Store(dvar + c, static_cast<float>(-0.5 * slope * inv_std[c] * dgamma[c]));
  }
}

}  // namespace lockstep::ops::batch_norm
