// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/dropout2d/dropout2d_cpu.h"

#include <algorithm>

#include "base/check.h"
#include "base/philox.h"

namespace lockstep::ops::dropout2d {

namespace {

// y = x / (1 - p) in the channels that `mask` keeps, 0 in the others.
template <typename T>
void KeepChannels(const Dropout2dAttrs& attrs, const Shape& shape, const T* x, const uint8_t* mask,
                  T* y) {
  const T factor = static_cast<T>(1.0 / (1.0 - attrs.p));
  const int64_t pixels = shape[1] * shape[2], channels = shape[3];
  for (int64_t n = 0; n < shape[0]; ++n, mask += channels) {
    for (int64_t pixel = 0; pixel < pixels; ++pixel, x += channels, y += channels) {
      for (int64_t c = 0; c < channels; ++c) y[c] = mask[c] != 0 ? x[c] * factor : T(0);
    }
  }
}

}  // namespace

template <typename T>
void Reference(const Dropout2dAttrs& attrs, const ReferenceArgs& args) {
  CHECK(args.run.step != nullptr) << "dropout2d needs the step header";
  const StepHeader& step = *args.run.step;
  const PhiloxKey key = StreamKey(step.seed, "dropout", args.node.path);
  uint8_t* mask = args.out<uint8_t>(1);
  const int64_t masks = args.out_shape(1).elements();
  for (int64_t first = 0; first < masks; first += 4) {
    const uint64_t group = static_cast<uint64_t>(first) / 4;
    const PhiloxCounter words =
        Philox4x32({step.step, step.lane, LowWord(group), HighWord(group)}, key);
    for (int64_t i = first; i < std::min(first + 4, masks); ++i) {
      const uint32_t word = words[static_cast<size_t>(i - first)];
      mask[i] = static_cast<double>(UniformFloat(word)) >= attrs.p ? 1 : 0;
    }
  }
  KeepChannels(attrs, args.in_shape(0), args.in<T>(0), mask, args.out<T>(0));
}

template <typename T>
void ReferenceGrad(const Dropout2dAttrs& attrs, const ReferenceArgs& args) {
  KeepChannels(attrs, args.in_shape(0), args.in<T>(0), args.in<uint8_t>(1), args.out<T>(0));
}

template void Reference<float>(const Dropout2dAttrs&, const ReferenceArgs&);
template void Reference<double>(const Dropout2dAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const Dropout2dAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const Dropout2dAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::dropout2d
