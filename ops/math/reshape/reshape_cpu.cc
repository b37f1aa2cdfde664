// SPDX-License-Identifier: Apache-2.0
#include "ops/math/reshape/reshape_cpu.h"

#include "ops/core/elementwise.h"

namespace lockstep::ops::reshape {

template <typename T>
void Reference(const ReshapeAttrs&, const ReferenceArgs& args) {
  CopyElements(args);
}

template void Reference<float>(const ReshapeAttrs&, const ReferenceArgs&);
template void Reference<double>(const ReshapeAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::reshape
