// SPDX-License-Identifier: Apache-2.0
#include "ops/norm/batch_norm/batch_norm_cpu.h"

#include <algorithm>

#include "base/math.h"
#include "ops/core/last_axis.h"
#include "ops/core/scratch.h"

namespace lockstep::ops::batch_norm {

namespace {

// Two numbers per channel.
struct Sums {
  double *first, *second;

  Sums(int64_t channels, Scratch* scratch)
      : first(scratch->Take<double>(channels)), second(scratch->Take<double>(channels)) {}
};

int64_t SumsBytes(const Shape& x) {
  Scratch scratch;
  Sums(RowsOfChannels(x).channels, &scratch);
  return scratch.bytes();
}

// Mean and biased variance a channel, in two passes; 0 without elements.
template <typename T>
void Statistics(const T* x, const RowsOfChannels& v, double* mean, double* var) {
  std::fill_n(mean, v.channels, 0.0);
  std::fill_n(var, v.channels, 0.0);
  if (v.rows == 0) return;
  const double rows = static_cast<double>(v.rows);
  for (int64_t row = 0; row < v.rows; ++row) {
    const T* values = x + row * v.channels;
    for (int64_t c = 0; c < v.channels; ++c) mean[c] += static_cast<double>(values[c]);
  }
  for (int64_t c = 0; c < v.channels; ++c) mean[c] /= rows;
  for (int64_t row = 0; row < v.rows; ++row) {
    const T* values = x + row * v.channels;
    for (int64_t c = 0; c < v.channels; ++c) {
      const double difference = static_cast<double>(values[c]) - mean[c];
      var[c] += difference * difference;
    }
  }
  for (int64_t c = 0; c < v.channels; ++c) var[c] /= rows;
}

// y = (x - mean) * inv_std * gamma + beta, in double, rounded once.
template <typename T>
void Normalise(const T* x, const RowsOfChannels& v, const double* mean, const double* inv_std,
               const T* gamma, const T* beta, T* y) {
  for (int64_t row = 0; row < v.rows; ++row, x += v.channels, y += v.channels) {
    for (int64_t c = 0; c < v.channels; ++c) {
      const double normal = (static_cast<double>(x[c]) - mean[c]) * inv_std[c];
      y[c] = static_cast<T>(normal * static_cast<double>(gamma[c]) + static_cast<double>(beta[c]));
    }
  }
}

double InverseStd(double var, double eps) { return 1.0 / math::Sqrt(var + eps); }

}  // namespace

int64_t WorkspaceTrain(const BatchNormAttrs&, const NodeSpec& node) {
  return SumsBytes(node.in[0].shape);
}

int64_t WorkspaceGrad(const NoAttrs&, const NodeSpec& node) { return SumsBytes(node.in[0].shape); }

template <typename T>
void ReferenceTrain(const BatchNormAttrs& attrs, const ReferenceArgs& args) {
  const RowsOfChannels v(args.in_shape(0));
  Scratch scratch(args.run.workspace);
  const Sums s(v.channels, &scratch);
  double* const mean = s.first;
  double* const inv_std = s.second;
  Statistics(args.in<T>(0), v, mean, inv_std);
  const double rows = static_cast<double>(v.rows);
  for (int64_t c = 0; c < v.channels; ++c) {
    const double var = inv_std[c];
    inv_std[c] = InverseStd(var, attrs.eps);
    args.out<T>(1)[c] = static_cast<T>(mean[c]);
    args.out<T>(2)[c] = v.rows < 2 ? T(0) : static_cast<T>(var * (rows / (rows - 1.0)));
    args.out<T>(3)[c] = static_cast<T>(inv_std[c]);
  }
  Normalise(args.in<T>(0), v, mean, inv_std, args.in<T>(1), args.in<T>(2), args.out<T>(0));
}

namespace {

template <typename T>
struct GradOperands {
  const T *x, *gamma, *mean, *inv_std;
};

// With xhat = (x - mean) * inv_std: dbeta = sum dz, dgamma = sum dz * xhat,
// dx = gamma * inv_std * (dz - dbeta / M - xhat * dgamma / M). dz(i, c, xhat) is what flows into
// element i, of channel c.
template <typename T, typename Upstream>
void GradOf(const ReferenceArgs& args, const GradOperands<T>& in, const Upstream& dz) {
  const RowsOfChannels v(args.in_shape(0));
  Scratch scratch(args.run.workspace);
  const Sums s(v.channels, &scratch);
  double* const dgamma = s.first;
  double* const dbeta = s.second;
  std::fill_n(dgamma, v.channels, 0.0);
  std::fill_n(dbeta, v.channels, 0.0);
  const auto normal = [&](int64_t i, int64_t c) {
    return (static_cast<double>(in.x[i]) - static_cast<double>(in.mean[c])) *
           static_cast<double>(in.inv_std[c]);
  };
  for (int64_t row = 0, i = 0; row < v.rows; ++row) {
    for (int64_t c = 0; c < v.channels; ++c, ++i) {
      const double xhat = normal(i, c), d = dz(i, c, xhat);
      dbeta[c] += d;
      dgamma[c] += d * xhat;
    }
  }
  const double rows = static_cast<double>(v.rows);
  for (int64_t row = 0, i = 0; row < v.rows; ++row) {
    for (int64_t c = 0; c < v.channels; ++c, ++i) {
      const double xhat = normal(i, c);
      const double centred = dz(i, c, xhat) - dbeta[c] / rows - xhat * (dgamma[c] / rows);
      args.out<T>(0)[i] = static_cast<T>(static_cast<double>(in.gamma[c]) *
                                         static_cast<double>(in.inv_std[c]) * centred);
    }
  }
  for (int64_t c = 0; c < v.channels; ++c) {
    args.out<T>(1)[c] = static_cast<T>(dgamma[c]);
    args.out<T>(2)[c] = static_cast<T>(dbeta[c]);
  }
}

}  // namespace

template <typename T>
void ReferenceGrad(const NoAttrs&, const ReferenceArgs& args) {
  const T* const dy = args.in<T>(4);
  GradOf<T>(args, {args.in<T>(0), args.in<T>(1), args.in<T>(2), args.in<T>(3)},
            [&](int64_t i, int64_t, double) { return static_cast<double>(dy[i]); });
}

template <typename T>
void ReferenceReluGrad(const NoAttrs&, const ReferenceArgs& args) {
  const T *gamma = args.in<T>(1), *beta = args.in<T>(2), *dy = args.in<T>(5);
  GradOf<T>(args, {args.in<T>(0), gamma, args.in<T>(3), args.in<T>(4)},
            [&](int64_t i, int64_t c, double xhat) {
              const T y = static_cast<T>(xhat * static_cast<double>(gamma[c]) +
                                         static_cast<double>(beta[c]));
              return y > 0 ? static_cast<double>(dy[i]) : 0.0;
            });
}

template <typename T>
void ReferenceInfer(const BatchNormAttrs& attrs, const ReferenceArgs& args) {
  const RowsOfChannels v(args.in_shape(0));
  Scratch scratch(args.run.workspace);
  const Sums s(v.channels, &scratch);
  for (int64_t c = 0; c < v.channels; ++c) {
    s.first[c] = static_cast<double>(args.in<T>(3)[c]);
    s.second[c] = InverseStd(static_cast<double>(args.in<T>(4)[c]), attrs.eps);
  }
  Normalise(args.in<T>(0), v, s.first, s.second, args.in<T>(1), args.in<T>(2), args.out<T>(0));
}

template <typename T>
void ReferenceInferGrad(const BatchNormAttrs& attrs, const ReferenceArgs& args) {
  const RowsOfChannels v(args.in_shape(0));
  const T *x = args.in<T>(0), *gamma = args.in<T>(1), *mean = args.in<T>(2), *dy = args.in<T>(4);
  Scratch scratch(args.run.workspace);
  const Sums s(v.channels, &scratch);
  double* const dgamma = s.first;
  double* const dbeta = s.second;
  std::fill_n(dgamma, v.channels, 0.0);
  std::fill_n(dbeta, v.channels, 0.0);
  const auto inv_std = [&](int64_t c) {
    return InverseStd(static_cast<double>(args.in<T>(3)[c]), attrs.eps);
  };
  for (int64_t c = 0; c < v.channels; ++c) {
    const double scale = inv_std(c);
    for (int64_t i = c; i < v.rows * v.channels; i += v.channels) {
      const double d = static_cast<double>(dy[i]);
      dbeta[c] += d;
      dgamma[c] += d * ((static_cast<double>(x[i]) - static_cast<double>(mean[c])) * scale);
      args.out<T>(0)[i] = static_cast<T>(d * (static_cast<double>(gamma[c]) * scale));
    }
    const double slope = static_cast<double>(gamma[c]) * scale;
    args.out<T>(1)[c] = static_cast<T>(dgamma[c]);
    args.out<T>(2)[c] = static_cast<T>(dbeta[c]);
    args.out<T>(3)[c] = static_cast<T>(-slope * dbeta[c]);
    args.out<T>(4)[c] = static_cast<T>(-0.5 * slope * scale * dgamma[c]);
  }
}

template void ReferenceTrain<float>(const BatchNormAttrs&, const ReferenceArgs&);
template void ReferenceTrain<double>(const BatchNormAttrs&, const ReferenceArgs&);
template void ReferenceReluGrad<float>(const NoAttrs&, const ReferenceArgs&);
template void ReferenceReluGrad<double>(const NoAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const NoAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const NoAttrs&, const ReferenceArgs&);
template void ReferenceInfer<float>(const BatchNormAttrs&, const ReferenceArgs&);
template void ReferenceInfer<double>(const BatchNormAttrs&, const ReferenceArgs&);
template void ReferenceInferGrad<float>(const BatchNormAttrs&, const ReferenceArgs&);
template void ReferenceInferGrad<double>(const BatchNormAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::batch_norm
