// SPDX-License-Identifier: Apache-2.0
// tanh |x| = -expm1(-2 |x|) / (2 + expm1(-2 |x|)) in double, rounded once; without branches, so
// that loops become vectors.
#include <algorithm>

#include "ops/core/elementwise_simd.h"
#include "ops/nn/tanh/tanh.h"

namespace lockstep::ops::tanh {
namespace {

// expm1(z) = 2^n (e^r - 1) + (2^n - 1), r in [-ln 2 / 2, ln 2 / 2], e^r - 1 by its Taylor
// polynomial of degree 10 (relative error below 2^-35). |x| is at most 20, beyond which the result
// is 1.
LOCKSTEP_INLINE inline float TanhOf(float x) {
  const double magnitude = __builtin_fabs(static_cast<double>(x));
  const double z = -2.0 * magnitude;
  constexpr double kInverseLn2 = 0x1.71547652b82fep+0;
  constexpr double kLn2High = 0x1.62e42fefa3800p-1, kLn2Low = 0x1.ef35793c76730p-45;
  constexpr double kRound = 0x1.8p52;
  const double shifted = z * kInverseLn2 + kRound;
  const double n = shifted - kRound;
  const double r = (z - n * kLn2High) - n * kLn2Low;
  double p = 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1.0;
  const double minus1 = p * r;  // e^r - 1
  const int64_t bits = (static_cast<int64_t>(__builtin_bit_cast(uint64_t, shifted)) + 1023) << 52;
  const double scale = __builtin_bit_cast(double, bits);  // 2^n
  const double expm1 = scale * minus1 + (scale - 1.0);    // e^z - 1, in (-1, 0]
  const double t = -expm1 / (2.0 + expm1);
  return __builtin_copysignf(static_cast<float>(t), x);  // a NaN went through all of it
}

void Forward(const NoAttrs&, const SimdArgs& args) {
  const float* const x = args.in<float>(0);
  float* const y = args.out<float>(0);
  constexpr int64_t kGrain = 32768, kTile = 256;
  ForRuns(args.threads, args.out_shape(0).elements(), kGrain, [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      float clamped[kTile];  // in a loop of its own: in one, GCC makes it a branch and no vectors
      for (int64_t begin = run.begin; begin < run.end; begin += kTile) {
        const int64_t n = std::min(kTile, run.end - begin);
        for (int64_t i = 0; i < n; ++i) {
          const float v = x[begin + i];
          const float below = v > 20.0f ? 20.0f : v;
          clamped[i] = below < -20.0f ? -20.0f : below;
        }
        for (int64_t i = 0; i < n; ++i) y[begin + i] = TanhOf(clamped[i]);
      }
    });
  });
}

void Grad(const NoAttrs&, const SimdArgs& args) {
  const float *const y = args.in<float>(0), *const dy = args.in<float>(1);
  float* const dx = args.out<float>(0);
  ForElements(args, args.out_shape(0).elements(),
              [=](int64_t i) LOCKSTEP_INLINE { dx[i] = dy[i] * (1.0f - y[i] * y[i]); });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("tanh", SimdKernel<NoAttrs>({.run = Forward}));
  registry.AddKernel("tanh_grad", SimdKernel<NoAttrs>({.run = Grad}));
}

}  // namespace lockstep::ops::tanh
