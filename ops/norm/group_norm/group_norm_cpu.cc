// SPDX-License-Identifier: Apache-2.0
#include "ops/norm/group_norm/group_norm_cpu.h"

#include <algorithm>

#include "base/math.h"
#include "ops/core/last_axis.h"

namespace lockstep::ops::group_norm {
namespace {

// Sizes of a node, and where its groups are.
struct Groups {
  int64_t rows, positions, channels, width;  // width: channels of a group
  int64_t groups;

  Groups(const Shape& x, const GroupNormAttrs& attrs)
      : rows(x[0]),
        positions(rows == 0 ? 0 : RowsOfChannels(x).rows / rows),
        channels(x[x.rank() - 1]),
        width(channels / attrs.groups),
        groups(attrs.groups) {}
  // each(offset of the element, channel) for the elements of a group.
  template <typename Each>
  void ForEach(int64_t row, int64_t group, const Each& each) const {
    for (int64_t p = 0; p < positions; ++p) {
      const int64_t at = (row * positions + p) * channels;
      for (int64_t c = group * width; c < (group + 1) * width; ++c) each(at + c, c);
    }
  }
};

}  // namespace

int64_t WorkspaceGrad(const GroupNormAttrs&, const NodeSpec& node) {
  return 2 * node.in[1].shape[0] * static_cast<int64_t>(sizeof(double));
}

template <typename T>
void Reference(const GroupNormAttrs& attrs, const ReferenceArgs& args) {
  const Groups g(args.in_shape(0), attrs);
  const T *x = args.in<T>(0), *gamma = args.in<T>(1), *beta = args.in<T>(2);
  T* const y = args.out<T>(0);
  const double count = static_cast<double>(g.positions * g.width);
  for (int64_t row = 0; row < g.rows; ++row) {
    for (int64_t group = 0; group < g.groups; ++group) {
      double sum = 0.0, squares = 0.0;
      g.ForEach(row, group, [&](int64_t i, int64_t) { sum += static_cast<double>(x[i]); });
      const double mean = sum / count;
      g.ForEach(row, group, [&](int64_t i, int64_t) {
        const double d = static_cast<double>(x[i]) - mean;
        squares += d * d;
      });
      const double inv_std = 1.0 / math::Sqrt(squares / count + attrs.eps);
      args.out<T>(1)[row * g.groups + group] = static_cast<T>(mean);
      args.out<T>(2)[row * g.groups + group] = static_cast<T>(inv_std);
      g.ForEach(row, group, [&](int64_t i, int64_t c) {
        const double normal = (static_cast<double>(x[i]) - mean) * inv_std;
        y[i] =
            static_cast<T>(normal * static_cast<double>(gamma[c]) + static_cast<double>(beta[c]));
      });
    }
  }
}

template <typename T>
void ReferenceGrad(const GroupNormAttrs& attrs, const ReferenceArgs& args) {
  const Groups g(args.in_shape(0), attrs);
  const T *x = args.in<T>(0), *gamma = args.in<T>(1), *dy = args.in<T>(4);
  T* const dx = args.out<T>(0);
  double* const dgamma = static_cast<double*>(args.run.workspace);
  double* const dbeta = dgamma + g.channels;
  std::fill_n(dgamma, 2 * g.channels, 0.0);
  const double count = static_cast<double>(g.positions * g.width);
  for (int64_t row = 0; row < g.rows; ++row) {
    for (int64_t group = 0; group < g.groups; ++group) {
      const double mean = static_cast<double>(args.in<T>(2)[row * g.groups + group]);
      const double inv_std = static_cast<double>(args.in<T>(3)[row * g.groups + group]);
      const auto normal = [&](int64_t i) { return (static_cast<double>(x[i]) - mean) * inv_std; };
      double sum = 0.0, products = 0.0;
      g.ForEach(row, group, [&](int64_t i, int64_t c) {
        const double d = static_cast<double>(dy[i]), scaled = d * static_cast<double>(gamma[c]);
        sum += scaled;
        products += scaled * normal(i);
        dgamma[c] += d * normal(i);
        dbeta[c] += d;
      });
      g.ForEach(row, group, [&](int64_t i, int64_t c) {
        const double scaled = static_cast<double>(dy[i]) * static_cast<double>(gamma[c]);
        dx[i] = static_cast<T>(inv_std * (scaled - sum / count - normal(i) * (products / count)));
      });
    }
  }
  for (int64_t c = 0; c < g.channels; ++c) {
    args.out<T>(1)[c] = static_cast<T>(dgamma[c]);
    args.out<T>(2)[c] = static_cast<T>(dbeta[c]);
  }
}

template void Reference<float>(const GroupNormAttrs&, const ReferenceArgs&);
template void Reference<double>(const GroupNormAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const GroupNormAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const GroupNormAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::group_norm
