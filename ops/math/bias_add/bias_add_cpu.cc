// SPDX-License-Identifier: Apache-2.0
#include "ops/math/bias_add/bias_add_cpu.h"

#include <algorithm>

#include "ops/core/last_axis.h"

namespace lockstep::ops::bias_add {

int64_t WorkspaceGrad(const NoAttrs&, const NodeSpec& node) {
  return node.out[0].shape[0] * static_cast<int64_t>(sizeof(double));
}

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args) {
  const T* x = args.in<T>(0);
  const T* b = args.in<T>(1);
  T* y = args.out<T>(0);
  const RowsOfChannels v(args.out_shape(0));
  for (int64_t row = 0; row < v.rows; ++row, x += v.channels, y += v.channels) {
    for (int64_t c = 0; c < v.channels; ++c) y[c] = x[c] + b[c];
  }
}

template <typename T>
void ReferenceGrad(const NoAttrs&, const ReferenceArgs& args) {
  const T* dy = args.in<T>(0);
  T* db = args.out<T>(0);
  double* sums = static_cast<double*>(args.run.workspace);
  const RowsOfChannels v(args.in_shape(0));
  std::fill_n(sums, v.channels, 0.0);
  for (int64_t row = 0; row < v.rows; ++row, dy += v.channels) {
    for (int64_t c = 0; c < v.channels; ++c) sums[c] += static_cast<double>(dy[c]);
  }
  for (int64_t c = 0; c < v.channels; ++c) db[c] = static_cast<T>(sums[c]);
}

template void Reference<float>(const NoAttrs&, const ReferenceArgs&);
template void Reference<double>(const NoAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const NoAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const NoAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::bias_add
