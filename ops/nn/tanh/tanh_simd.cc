// SPDX-License-Identifier: Apache-2.0
// tanh |x| = -expm1(-2 |x|) / (2 + expm1(-2 |x|)), in float, within 3 * 2^-24 of the value over all
// floats; without branches, so that loops become vectors.
#include <algorithm>

#include "ops/core/elementwise_simd.h"
#include "ops/nn/tanh/tanh.h"

namespace lockstep::ops::tanh {
namespace {

// expm1(z) = 2^n (e^r - 1) + (2^n - 1), r in [-ln 2 / 2, ln 2 / 2], e^r - 1 by its Taylor
// polynomial of degree 7 (relative error below 2^-26). |x| is at most 20; from 9.1 on the result
// is 1.
LOCKSTEP_INLINE inline float TanhOf(float x) {
  const float z = -2.0f * __builtin_fabsf(x);
  constexpr float kInverseLn2 = 0x1.715476p+0f;
  constexpr float kLn2High = 0x1.62e4p-1f, kLn2Low = 0x1.7f7d1cp-20f;  // n * kLn2High is exact
  constexpr float kRound = 0x1.8p23f;
  const float shifted = z * kInverseLn2 + kRound;
  const float n = shifted - kRound;
  const float r = (z - n * kLn2High) - n * kLn2Low;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  const float minus1 = p * (r * r) + r;  // e^r - 1
  const uint32_t bits = (__builtin_bit_cast(uint32_t, shifted) + 127) << 23;
  const float scale = __builtin_bit_cast(float, bits);     // 2^n
  const float expm1 = scale * minus1 + (scale - 1.0f);     // e^z - 1, in [-1, 0]
  return __builtin_copysignf(-expm1 / (2.0f + expm1), x);  // a NaN went through all of it
}

void Forward(const NoAttrs&, const SimdArgs& args) {
  const float* const x = args.in<float>(0);
  float* const y = args.out<float>(0);
  constexpr int64_t kTile = 256;
  ForRuns(args.threads, args.out_shape(0).elements(), kElementGrain, [&](Range run) {
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
  MapBinary(args, [](float y, float dy) LOCKSTEP_INLINE { return dy * (1.0f - y * y); });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("tanh", SimdKernel<NoAttrs>({.run = Forward}));
  registry.AddKernel("tanh_grad", SimdKernel<NoAttrs>({.run = Grad}));
}

}  // namespace lockstep::ops::tanh
