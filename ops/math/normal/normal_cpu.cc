// SPDX-License-Identifier: Apache-2.0
#include "ops/math/normal/normal_cpu.h"

#include "base/check.h"
#include "base/philox.h"

namespace lockstep::ops::normal {

template <typename T>
void Reference(const NormalAttrs& attrs, const ReferenceArgs& args) {
  CHECK(args.run.step != nullptr) << "normal needs the step header";
  const StepHeader& step = *args.run.step;
  const PhiloxKey key = StreamKey(step.seed, attrs.purpose, args.node.path);
  T* y = args.out<T>(0);
  for (int64_t i = 0; i < args.out_shape(0).elements(); ++i) {
    const auto element = static_cast<uint64_t>(i);
    const PhiloxCounter words =
        Philox4x32({step.step, step.lane, LowWord(element), HighWord(element)}, key);
    y[i] = static_cast<T>(NormalFromWords(words[0], words[1]));
  }
}

template void Reference<float>(const NormalAttrs&, const ReferenceArgs&);
template void Reference<double>(const NormalAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::normal
