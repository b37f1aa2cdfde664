// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/dropout/dropout_cpu.h"

#include <algorithm>

#include "base/check.h"
#include "base/philox.h"

namespace lockstep::ops::dropout {

namespace {

template <typename T>
T KeptFactor(const DropoutAttrs& attrs) {
  return static_cast<T>(1.0 / (1.0 - attrs.p));
}

}  // namespace

template <typename T>
void Reference(const DropoutAttrs& attrs, const ReferenceArgs& args) {
  CHECK(args.run.step != nullptr) << "dropout needs the step header";
  const StepHeader& step = *args.run.step;
  const PhiloxKey key = StreamKey(step.seed, "dropout", args.node.path);
  const T* x = args.in<T>(0);
  T* y = args.out<T>(0);
  uint8_t* mask = args.out<uint8_t>(1);
  const T factor = KeptFactor<T>(attrs);
  const int64_t elements = args.out_shape(0).elements();
  for (int64_t first = 0; first < elements; first += 4) {
    const uint64_t group = static_cast<uint64_t>(first) / 4;
    const PhiloxCounter words =
        Philox4x32({step.step, step.lane, LowWord(group), HighWord(group)}, key);
    for (int64_t i = first; i < std::min(first + 4, elements); ++i) {
      const uint32_t word = words[static_cast<size_t>(i - first)];
      const bool kept = static_cast<double>(UniformFloat(word)) >= attrs.p;
      y[i] = kept ? x[i] * factor : T(0);
      mask[i] = kept ? 1 : 0;
    }
  }
}

template <typename T>
void ReferenceGrad(const DropoutAttrs& attrs, const ReferenceArgs& args) {
  const T* dy = args.in<T>(0);
  const uint8_t* mask = args.in<uint8_t>(1);
  T* dx = args.out<T>(0);
  const T factor = KeptFactor<T>(attrs);
  const int64_t elements = args.out_shape(0).elements();
  for (int64_t i = 0; i < elements; ++i) dx[i] = mask[i] != 0 ? dy[i] * factor : T(0);
}

template void Reference<float>(const DropoutAttrs&, const ReferenceArgs&);
template void Reference<double>(const DropoutAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const DropoutAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const DropoutAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::dropout
