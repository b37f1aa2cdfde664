// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/softmax/softmax_cpu.h"

#include <algorithm>

#include "base/math.h"
#include "ops/core/last_axis.h"

namespace lockstep::ops::softmax {

int64_t Workspace(const NoAttrs&, const NodeSpec& node) {
  return RowsOfChannels(node.in[0].shape).channels * static_cast<int64_t>(sizeof(double));
}

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args) {
  const RowsOfChannels all(args.in_shape(0));
  double* const e = static_cast<double*>(args.run.workspace);
  for (int64_t row = 0; row < all.rows; ++row) {
    const T* const x = args.in<T>(0) + row * all.channels;
    T* const y = args.out<T>(0) + row * all.channels;
    double max = static_cast<double>(x[0]);
    for (int64_t k = 1; k < all.channels; ++k) max = std::max(max, static_cast<double>(x[k]));
    double sum = 0.0;
    for (int64_t k = 0; k < all.channels; ++k) {
      e[k] = math::Exp(static_cast<double>(x[k]) - max);
      sum += e[k];
    }
    for (int64_t k = 0; k < all.channels; ++k) y[k] = static_cast<T>(e[k] / sum);
  }
}

template <typename T>
void ReferenceGrad(const NoAttrs&, const ReferenceArgs& args) {
  const RowsOfChannels all(args.in_shape(0));
  for (int64_t row = 0; row < all.rows; ++row) {
    const T* const y = args.in<T>(0) + row * all.channels;
    const T* const dy = args.in<T>(1) + row * all.channels;
    T* const dx = args.out<T>(0) + row * all.channels;
    double sum = 0.0;
    for (int64_t k = 0; k < all.channels; ++k) {
      sum += static_cast<double>(y[k]) * static_cast<double>(dy[k]);
    }
    for (int64_t k = 0; k < all.channels; ++k) {
      dx[k] = static_cast<T>(static_cast<double>(y[k]) * (static_cast<double>(dy[k]) - sum));
    }
  }
}

template void Reference<float>(const NoAttrs&, const ReferenceArgs&);
template void Reference<double>(const NoAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const NoAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const NoAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::softmax
