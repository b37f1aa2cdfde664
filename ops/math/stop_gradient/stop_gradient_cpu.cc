// SPDX-License-Identifier: Apache-2.0
#include "ops/math/stop_gradient/stop_gradient_cpu.h"

#include <cstring>

namespace lockstep::ops::stop_gradient {

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args) {
  const int64_t bytes = args.node.out[0].bytes();
  if (bytes > 0 && args.run.in[0] != args.run.out[0]) {
    std::memcpy(args.run.out[0], args.run.in[0], static_cast<size_t>(bytes));
  }
}

template void Reference<float>(const NoAttrs&, const ReferenceArgs&);
template void Reference<double>(const NoAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::stop_gradient
