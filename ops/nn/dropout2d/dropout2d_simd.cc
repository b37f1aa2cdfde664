// SPDX-License-Identifier: Apache-2.0
// Works by rows of pixels: each pixel's channels meet the mask of its image.
#include "base/device/for_isa.h"
#include "ops/core/kept_mask_simd.h"
#include "ops/core/parallel.h"
#include "ops/core/simd_kernel.h"
#include "ops/nn/dropout2d/dropout2d.h"

namespace lockstep::ops::dropout2d {
namespace {

// (x or dy, mask) -> y or dx.
void KeepChannels(const DropoutAttrs& attrs, const SimdArgs& args, const uint8_t* mask) {
  const Shape& shape = args.in_shape(0);
  const int64_t channels = shape[3];
  const float factor = KeptFactor<float>(attrs.p);
  ForRuns(args.threads, shape[0] * shape[1], RowGrain(shape), [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      for (int64_t row = run.begin; row < run.end; ++row) {
        const uint8_t* const kept = mask + row / shape[1] * channels;
        for (int64_t pixel = 0; pixel < shape[2]; ++pixel) {
          const int64_t at = (row * shape[2] + pixel) * channels;
          const float* const x = args.in<float>(0) + at;
          float* const y = args.out<float>(0) + at;
          LOCKSTEP_INDEPENDENT
          for (int64_t c = 0; c < channels; ++c) y[c] = ScaledIfKept(x[c], factor, kept[c]);
        }
      }
    });
  });
}

void Forward(const DropoutAttrs& attrs, const SimdArgs& args) {
  KeepChannels(attrs, args, DrawMask(attrs.p, args));
}

void Grad(const DropoutAttrs& attrs, const SimdArgs& args) {
  KeepChannels(attrs, args, args.in<uint8_t>(1));
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("dropout2d", SimdKernel<DropoutAttrs>({.run = Forward}));
  registry.AddKernel("dropout2d_grad", SimdKernel<DropoutAttrs>({.run = Grad}));
}

}  // namespace lockstep::ops::dropout2d
