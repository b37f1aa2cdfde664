// SPDX-License-Identifier: Apache-2.0
#include "ops/math/stop_gradient/stop_gradient_cpu.h"

#include "ops/core/elementwise.h"

namespace lockstep::ops::stop_gradient {

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args) {
  CopyElements(args);
}

template void Reference<float>(const NoAttrs&, const ReferenceArgs&);
template void Reference<double>(const NoAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::stop_gradient
