// SPDX-License-Identifier: Apache-2.0
// Batch normalisation, alone or fused with a sum and ReLU, over rows of channels. Rows are cut into
// parts of about 64 Ki elements. Statistics are float sums of differences to the first row over 16
// rows at a time, added up in double: by part, then over the parts in order.
#include <algorithm>

#include "base/device/for_isa.h"
#include "base/math.h"
#include "ops/core/last_axis.h"
#include "ops/core/parallel.h"
#include "ops/core/scratch.h"
#include "ops/core/simd_kernel.h"
#include "ops/norm/batch_norm/batch_norm.h"
#include "ops/norm/batch_norm/batch_norm_relu.h"

namespace lockstep::ops::batch_norm {
namespace {

constexpr int64_t kRowsAtOnce = 16;

// What follows the normalisation.
enum class Rest { kNothing, kRelu, kAddRelu };

Rest RestOf(const BatchNormAttrs&) { return Rest::kNothing; }
Rest RestOf(const BatchNormReluAttrs& attrs) {
  return attrs.residual ? Rest::kAddRelu : Rest::kRelu;
}

struct Parts {
  int64_t rows, channels, grain;

  explicit Parts(const Shape& x) {
    const RowsOfChannels v(x);
    rows = v.rows;
    channels = v.channels;
    grain = std::clamp<int64_t>(65536 / std::max<int64_t>(channels, 1), kRowsAtOnce, 4096) /
            kRowsAtOnce * kRowsAtOnce;
  }
  int64_t count() const { return (rows + grain - 1) / grain; }
  Range Part(int64_t part) const { return {part * grain, std::min(rows, (part + 1) * grain)}; }
};

// Two sums per channel: in float within 16 rows, in double of each part, in double of all.
struct Sums {
  double *part_first, *part_second;  // (parts, C)
  float *first, *second;             // (parts, C), for the rows at hand
  double *all_first, *all_second;    // (C)
  float *a, *b, *c;                  // (C), factors of the second pass

  Sums(const Parts& p, Scratch* s)
      : part_first(s->Take<double>(p.count() * p.channels)),
        part_second(s->Take<double>(p.count() * p.channels)),
        first(s->Take<float>(p.count() * p.channels)),
        second(s->Take<float>(p.count() * p.channels)),
        all_first(s->Take<double>(p.channels)),
        all_second(s->Take<double>(p.channels)),
        a(s->Take<float>(p.channels)),
        b(s->Take<float>(p.channels)),
        c(s->Take<float>(p.channels)) {}

  void Combine(const Parts& p) const {
    std::fill_n(all_first, p.channels, 0.0);
    std::fill_n(all_second, p.channels, 0.0);
    for (int64_t part = 0; part < p.count(); ++part) {
      for (int64_t c = 0; c < p.channels; ++c) {
        all_first[c] += part_first[part * p.channels + c];
        all_second[c] += part_second[part * p.channels + c];
      }
    }
  }
};

int64_t SumsBytes(const Shape& x) {
  Scratch scratch;
  Sums(Parts(x), &scratch);
  return scratch.bytes();
}

template <typename A>
int64_t Workspace(const A&, const NodeSpec& node) {
  return SumsBytes(node.in[0].shape);
}

// Adds term(row, channel) -> (first, second) of the rows of one part into its double sums. `term`
// gives both for one element; rows are independent of the order of channels.
template <typename Term>
LOCKSTEP_INLINE inline void SumPart(const Parts& p, int64_t part, const Sums& s, const Term& term) {
  const int64_t channels = p.channels;
  double* const part_first = s.part_first + part * channels;
  double* const part_second = s.part_second + part * channels;
  float* const first = s.first + part * channels;
  float* const second = s.second + part * channels;
  for (int64_t c = 0; c < channels; ++c) part_first[c] = part_second[c] = 0.0;
  const Range rows = p.Part(part);
  for (int64_t begin = rows.begin; begin < rows.end; begin += kRowsAtOnce) {
    const int64_t end = std::min(rows.end, begin + kRowsAtOnce);
    for (int64_t c = 0; c < channels; ++c) first[c] = second[c] = 0.0f;
    int64_t row = begin;
    for (; row + 4 <= end; row += 4) {
      LOCKSTEP_INDEPENDENT
      for (int64_t c = 0; c < channels; ++c) {
        float f = first[c], g = second[c];
        term(row * channels + c, c, &f, &g);
        term((row + 1) * channels + c, c, &f, &g);
        term((row + 2) * channels + c, c, &f, &g);
        term((row + 3) * channels + c, c, &f, &g);
        first[c] = f;
        second[c] = g;
      }
    }
    for (; row < end; ++row) {
      LOCKSTEP_INDEPENDENT
      for (int64_t c = 0; c < channels; ++c) term(row * channels + c, c, &first[c], &second[c]);
    }
    for (int64_t c = 0; c < channels; ++c) {
      part_first[c] += static_cast<double>(first[c]);
      part_second[c] += static_cast<double>(second[c]);
    }
  }
}

// The factor that forward and gradient share: both must find the same elements above 0.
float Scale(float gamma, float inv_std) {
  return static_cast<float>(static_cast<double>(gamma) * static_cast<double>(inv_std));
}

// y = rest((x - mean) * scale + beta).
template <Rest kRest>
void Normalise(const Parts& p, const SimdArgs& args, const float* mean, const float* scale,
               const float* beta, const float* residual) {
  const float* const x = args.in<float>(0);
  float* const y = args.out<float>(0);
  ForParts(args.threads, p.count(), [&](int64_t part) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      const Range rows = p.Part(part);
      for (int64_t row = rows.begin; row < rows.end; ++row) {
        const int64_t at = row * p.channels;
        LOCKSTEP_INDEPENDENT
        for (int64_t c = 0; c < p.channels; ++c) {
          float v = (x[at + c] - mean[c]) * scale[c] + beta[c];
          if constexpr (kRest == Rest::kAddRelu) v += residual[at + c];
          if constexpr (kRest != Rest::kNothing) v = v < 0 ? 0.0f : v;
          y[at + c] = v;
        }
      }
    });
  });
}

void NormaliseAnd(Rest rest, const Parts& p, const SimdArgs& args, const float* mean,
                  const float* scale, const float* beta, const float* residual) {
  switch (rest) {
    case Rest::kNothing:
      return Normalise<Rest::kNothing>(p, args, mean, scale, beta, residual);
    case Rest::kRelu:
      return Normalise<Rest::kRelu>(p, args, mean, scale, beta, residual);
    case Rest::kAddRelu:
      return Normalise<Rest::kAddRelu>(p, args, mean, scale, beta, residual);
  }
}

// (x, gamma, beta[, residual]) -> y, mean, unbiased_var, inv_std.
template <typename A>
void Train(const A& attrs, const SimdArgs& args) {
  const Parts p(args.in_shape(0));
  Scratch scratch(args.run.workspace);
  const Sums s(p, &scratch);
  const float *x = args.in<float>(0), *gamma = args.in<float>(1), *beta = args.in<float>(2);
  float* const pivot = s.c;
  std::copy_n(p.rows > 0 ? x : beta, p.channels, pivot);
  ForParts(args.threads, p.count(), [&](int64_t part) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      SumPart(p, part, s, [&](int64_t i, int64_t c, float* sum, float* squares) LOCKSTEP_INLINE {
        const float difference = x[i] - pivot[c];
        *sum += difference;
        *squares += difference * difference;
      });
    });
  });
  s.Combine(p);
  const double rows = static_cast<double>(p.rows);
  for (int64_t c = 0; c < p.channels; ++c) {
    double mean = 0.0, var = 0.0;
    if (p.rows > 0) {
      const double shift = s.all_first[c] / rows;
      mean = static_cast<double>(pivot[c]) + shift;
      var = std::max(0.0, s.all_second[c] / rows - shift * shift);
      if (s.all_second[c] != s.all_second[c]) var = s.all_second[c];  // NaN stays NaN
    }
    const double inv_std = 1.0 / math::Sqrt(var + attrs.eps);
    args.out<float>(1)[c] = static_cast<float>(mean);
    args.out<float>(2)[c] = p.rows < 2 ? 0.0f : static_cast<float>(var * (rows / (rows - 1.0)));
    args.out<float>(3)[c] = static_cast<float>(inv_std);
    s.a[c] = Scale(gamma[c], args.out<float>(3)[c]);
  }
  const float* const residual = args.run.in.size() > 3 ? args.in<float>(3) : nullptr;
  NormaliseAnd(RestOf(attrs), p, args, args.out<float>(1), s.a, beta, residual);
}

// (x, gamma, beta, running_mean, running_var[, residual]) -> y.
template <typename A>
void Infer(const A& attrs, const SimdArgs& args) {
  const Parts p(args.in_shape(0));
  Scratch scratch(args.run.workspace);
  const Sums s(p, &scratch);
  for (int64_t c = 0; c < p.channels; ++c) {
    const double var = static_cast<double>(args.in<float>(4)[c]);
    const double gamma = static_cast<double>(args.in<float>(1)[c]);
    s.a[c] = static_cast<float>(gamma / math::Sqrt(var + attrs.eps));
  }
  const float* const residual = args.run.in.size() > 5 ? args.in<float>(5) : nullptr;
  NormaliseAnd(RestOf(attrs), p, args, args.in<float>(3), s.a, args.in<float>(2), residual);
}

// With dz what flows into an element and d = x - mean: dx = a (dz - b - d c), a = gamma inv_std,
// b = sum dz / M, c = inv_std^2 sum(dz d) / M. `first(i, c)` gives dz in the pass of the sums,
// `again(i, c)` in the pass of dx.
struct GradOperands {
  const float *x, *gamma, *mean, *inv_std;
};

template <typename First, typename Again>
void GradOf(const SimdArgs& args, const Parts& p, const Sums& s, const GradOperands& in,
            const First& first, const Again& again) {
  const float *const x = in.x, *const mean = in.mean;
  ForParts(args.threads, p.count(), [&](int64_t part) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      SumPart(p, part, s, [&](int64_t i, int64_t c, float* sum, float* product) LOCKSTEP_INLINE {
        const float dz = first(i, c);
        *sum += dz;
        *product += dz * (x[i] - mean[c]);
      });
    });
  });
  s.Combine(p);
  const double rows = static_cast<double>(std::max<int64_t>(p.rows, 1));
  for (int64_t c = 0; c < p.channels; ++c) {
    const double inv = static_cast<double>(in.inv_std[c]);
    args.out<float>(1)[c] = static_cast<float>(s.all_second[c] * inv);
    args.out<float>(2)[c] = static_cast<float>(s.all_first[c]);
    s.a[c] = Scale(in.gamma[c], in.inv_std[c]);
    s.b[c] = static_cast<float>(s.all_first[c] / rows);
    s.c[c] = static_cast<float>(inv * inv * s.all_second[c] / rows);
  }
  float* const dx = args.out<float>(0);
  ForParts(args.threads, p.count(), [&](int64_t part) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      const Range range = p.Part(part);
      for (int64_t row = range.begin; row < range.end; ++row) {
        const int64_t at = row * p.channels;
        LOCKSTEP_INDEPENDENT
        for (int64_t c = 0; c < p.channels; ++c) {
          const float centred = again(at + c, c) - s.b[c] - (x[at + c] - mean[c]) * s.c[c];
          dx[at + c] = s.a[c] * centred;
        }
      }
    });
  });
}

// (x, gamma, mean, inv_std, dy) -> dx, dgamma, dbeta.
void Grad(const NoAttrs&, const SimdArgs& args) {
  const Parts p(args.in_shape(0));
  Scratch scratch(args.run.workspace);
  const Sums s(p, &scratch);
  const float* const dy = args.in<float>(4);
  const auto dz = [&](int64_t i, int64_t) LOCKSTEP_INLINE { return dy[i]; };
  GradOf(args, p, s, {args.in<float>(0), args.in<float>(1), args.in<float>(2), args.in<float>(3)},
         dz, dz);
}

// ReLU's gradient. Both arguments are read already: a load under a condition would not vectorise.
LOCKSTEP_INLINE inline float Masked(float dy, float y) { return y > 0 ? dy : 0.0f; }

// (x, gamma, beta, mean, inv_std, dy) -> dx, dgamma, dbeta.
void GradRelu(const NoAttrs&, const SimdArgs& args) {
  const Parts p(args.in_shape(0));
  Scratch scratch(args.run.workspace);
  const Sums s(p, &scratch);
  const float *x = args.in<float>(0), *gamma = args.in<float>(1), *beta = args.in<float>(2);
  const float *mean = args.in<float>(3), *inv_std = args.in<float>(4), *dy = args.in<float>(5);
  for (int64_t c = 0; c < p.channels; ++c) s.a[c] = Scale(gamma[c], inv_std[c]);
  const auto dz = [&](int64_t i, int64_t c) LOCKSTEP_INLINE {
    return Masked(dy[i], (x[i] - mean[c]) * s.a[c] + beta[c]);
  };
  GradOf(args, p, s, {x, gamma, mean, inv_std}, dz, dz);
}

// (x, gamma, mean, inv_std, y, dy) -> dx, dgamma, dbeta, dresidual. The first pass leaves dz in
// dresidual, so that the second reads neither y nor dy.
void GradAddRelu(const NoAttrs&, const SimdArgs& args) {
  const Parts p(args.in_shape(0));
  Scratch scratch(args.run.workspace);
  const Sums s(p, &scratch);
  const float *const y = args.in<float>(4), *const dy = args.in<float>(5);
  float* const dresidual = args.out<float>(3);
  GradOf(
      args, p, s, {args.in<float>(0), args.in<float>(1), args.in<float>(2), args.in<float>(3)},
      [&](int64_t i, int64_t) LOCKSTEP_INLINE { return dresidual[i] = Masked(dy[i], y[i]); },
      [&](int64_t i, int64_t) LOCKSTEP_INLINE { return dresidual[i]; });
}

// (x, gamma, running_mean, running_var, dy) -> dx, dgamma, dbeta, drunning_mean, drunning_var, in
// one pass.
void InferGrad(const BatchNormAttrs& attrs, const SimdArgs& args) {
  const Parts p(args.in_shape(0));
  Scratch scratch(args.run.workspace);
  const Sums s(p, &scratch);
  const float *const x = args.in<float>(0), *const gamma = args.in<float>(1);
  const float *const mean = args.in<float>(2), *const dy = args.in<float>(4);
  float* const dx = args.out<float>(0);
  const auto inv_std = [&](int64_t c) {
    return 1.0 / math::Sqrt(static_cast<double>(args.in<float>(3)[c]) + attrs.eps);
  };
  for (int64_t c = 0; c < p.channels; ++c) {
    s.a[c] = static_cast<float>(static_cast<double>(gamma[c]) * inv_std(c));
  }
  ForParts(args.threads, p.count(), [&](int64_t part) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      SumPart(p, part, s, [&](int64_t i, int64_t c, float* sum, float* product) LOCKSTEP_INLINE {
        const float d = dy[i];
        *sum += d;
        *product += d * (x[i] - mean[c]);
        dx[i] = d * s.a[c];
      });
    });
  });
  s.Combine(p);
  for (int64_t c = 0; c < p.channels; ++c) {
    const double inv = inv_std(c), slope = static_cast<double>(gamma[c]) * inv;
    const double dgamma = s.all_second[c] * inv;
    args.out<float>(1)[c] = static_cast<float>(dgamma);
    args.out<float>(2)[c] = static_cast<float>(s.all_first[c]);
    args.out<float>(3)[c] = static_cast<float>(-slope * s.all_first[c]);
    args.out<float>(4)[c] = static_cast<float>(-0.5 * slope * inv * dgamma);
  }
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  using Norm = BatchNormAttrs;
  using NormRelu = BatchNormReluAttrs;
  const auto add = [&](const char* op, auto kernel) { registry.AddKernel(op, SimdKernel(kernel)); };
  add("batch_norm_train", SimdKernelOf<Norm>{.run = Train<Norm>, .workspace = Workspace<Norm>});
  add("batch_norm_grad", SimdKernelOf<NoAttrs>{.run = Grad, .workspace = Workspace<NoAttrs>});
  add("batch_norm_infer", SimdKernelOf<Norm>{.run = Infer<Norm>, .workspace = Workspace<Norm>});
  add("batch_norm_infer_grad", SimdKernelOf<Norm>{.run = InferGrad, .workspace = Workspace<Norm>});
  add("batch_norm_relu_train",
      SimdKernelOf<NormRelu>{.run = Train<NormRelu>, .workspace = Workspace<NormRelu>});
  add("batch_norm_relu_grad",
      SimdKernelOf<NoAttrs>{.run = GradRelu, .workspace = Workspace<NoAttrs>});
  add("batch_norm_add_relu_grad",
      SimdKernelOf<NoAttrs>{.run = GradAddRelu, .workspace = Workspace<NoAttrs>});
  add("batch_norm_relu_infer",
      SimdKernelOf<NormRelu>{.run = Infer<NormRelu>, .workspace = Workspace<NormRelu>});
}

}  // namespace lockstep::ops::batch_norm
