// SPDX-License-Identifier: Apache-2.0
// Two plans. Rows of many positions are cut into parts of about 64 Ki elements: sums of each
// channel over a part stand side by side, and are added up over the parts and then over the
// channels of a group. Rows of one position (layer normalisation) are dealt to threads whole: a
// group lies in one piece, and its element i goes to sum i mod 16 of 16 side by side, which are
// added in order.
//
// All sums are in double: forward of differences to the group's first element, or the channel's;
// of dgamma and dbeta over parts or runs in order.
#include <algorithm>

#include "base/device/for_isa.h"
#include "base/math.h"
#include "ops/core/last_axis.h"
#include "ops/core/parallel.h"
#include "ops/core/scratch.h"
#include "ops/core/simd_kernel.h"
#include "ops/norm/group_norm/group_norm.h"

namespace lockstep::ops::group_norm {
namespace {

struct Layout {
  int64_t rows, positions, channels, groups, width;  // width: channels of a group
  int64_t grain, parts;                              // positions of a part; parts of a row, or runs
  double *first, *second;                            // (rows, parts, C); of layers: (runs, C)
  float *a, *b, *c, *mean;                           // (rows, C), for the second pass

  Layout(const Shape& x, int64_t group_count, Scratch* s)
      : rows(x[0]), channels(x[x.rank() - 1]), groups(group_count), width(channels / groups) {
    positions = rows == 0 ? 0 : RowsOfChannels(x).rows / rows;
    if (is_layer()) {
      grain = std::max((rows + 31) / 32, std::max<int64_t>(1, kElementGrain / channels));
      parts = (rows + grain - 1) / grain;
    } else {
      grain = std::clamp<int64_t>(65536 / channels, 16, 4096);
      parts = (positions + grain - 1) / grain;
    }
    const int64_t sums = (is_layer() ? parts : rows * parts) * channels;
    first = s->Take<double>(sums);
    second = s->Take<double>(sums);
    const int64_t factors = is_layer() ? 0 : rows * channels;
    a = s->Take<float>(factors);
    b = s->Take<float>(factors);
    c = s->Take<float>(factors);
    mean = s->Take<float>(factors);
  }
  bool is_layer() const { return positions == 1; }
  double count() const { return static_cast<double>(positions * width); }
};

int64_t Workspace(const GroupNormAttrs& attrs, const NodeSpec& node) {
  Scratch scratch;
  Layout(node.in[0].shape, attrs.groups, &scratch);
  return scratch.bytes();
}

struct Pair {
  double first = 0.0, second = 0.0;
};

// Sums over the channels of a group of one position: term(i, &first, &second) adds element i.
template <typename Term>
LOCKSTEP_INLINE inline Pair SumGroup(int64_t width, const Term& term) {
  double first[16] = {}, second[16] = {};
  int64_t i = 0;
  for (; i + 16 <= width; i += 16) {
    for (int64_t j = 0; j < 16; ++j) term(i + j, &first[j], &second[j]);
  }
  for (int64_t j = 0; i + j < width; ++j) term(i + j, &first[j], &second[j]);
  Pair sum;
  for (int64_t j = 0; j < 16; ++j) sum.first += first[j], sum.second += second[j];
  return sum;
}

// work(row, part, element of its first position, positions) for all parts of all rows.
template <typename Work>
void ForRowParts(const SimdArgs& args, const Layout& l, const Work& work) {
  ForParts(args.threads, l.rows * l.parts, [&](int64_t unit) {
    const int64_t row = unit / l.parts, begin = unit % l.parts * l.grain;
    const int64_t end = std::min(l.positions, begin + l.grain);
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      work(row, unit, (row * l.positions + begin) * l.channels, end - begin);
    });
  });
}

// Sums of each channel over the positions of a part, where term(i, c, &first, &second) adds element
// i of the tensor, of channel c.
template <typename Term>
void SumParts(const SimdArgs& args, const Layout& l, const Term& term) {
  ForRowParts(args, l, [&](int64_t row, int64_t unit, int64_t at, int64_t n) LOCKSTEP_INLINE {
    const int64_t channels = l.channels, factors = row * channels;
    double* const first = l.first + unit * channels;
    double* const second = l.second + unit * channels;
    for (int64_t c = 0; c < channels; ++c) first[c] = second[c] = 0.0;
    for (int64_t p = 0; p < n; ++p, at += channels) {
      LOCKSTEP_INDEPENDENT
      for (int64_t c = 0; c < channels; ++c) term(at + c, factors + c, &first[c], &second[c]);
    }
  });
}

// The sums of a channel of a row over its parts.
Pair SumOverParts(const Layout& l, int64_t row, int64_t c) {
  Pair sum;
  for (int64_t part = 0; part < l.parts; ++part) {
    const int64_t at = (row * l.parts + part) * l.channels + c;
    sum.first += l.first[at];
    sum.second += l.second[at];
  }
  return sum;
}

struct Statistics {
  float mean, inv_std;
};

Statistics StatisticsOf(double mean, double var, double eps) {
  return {static_cast<float>(mean), static_cast<float>(1.0 / math::Sqrt(var + eps))};
}

// Of a group of a row of many positions, whose sums are of differences to `pivot` (C).
Statistics GroupStatistics(const Layout& l, int64_t row, int64_t group, const float* pivot,
                           double eps) {
  const double positions = static_cast<double>(l.positions);
  double mean = 0.0, squares = 0.0;
  const auto mean_of = [&](int64_t c, const Pair& sum) {
    return static_cast<double>(pivot[c]) + sum.first / positions;
  };
  for (int64_t c = group * l.width; c < (group + 1) * l.width; ++c) {
    mean += mean_of(c, SumOverParts(l, row, c));
  }
  mean /= static_cast<double>(l.width);
  for (int64_t c = group * l.width; c < (group + 1) * l.width; ++c) {
    const Pair sum = SumOverParts(l, row, c);
    const double apart = mean_of(c, sum) - mean;
    squares += sum.second - sum.first * sum.first / positions + positions * apart * apart;
  }
  return StatisticsOf(mean, squares / l.count(), eps);
}

void ForwardLayers(const GroupNormAttrs& attrs, const SimdArgs& args, const Layout& l) {
  const float *const gamma = args.in<float>(1), *const beta = args.in<float>(2);
  ForRuns(args.threads, l.rows, l.grain, [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      for (int64_t i = run.begin * l.groups; i < run.end * l.groups; ++i) {
        const float* const x = args.in<float>(0) + i * l.width;
        const float pivot = x[0];
        const Pair sum = SumGroup(l.width, [=](int64_t c, double* s, double* q) LOCKSTEP_INLINE {
          const double d = static_cast<double>(x[c]) - static_cast<double>(pivot);
          *s += d;
          *q += d * d;
        });
        const double shift = sum.first / l.count();
        const Statistics found = StatisticsOf(static_cast<double>(pivot) + shift,
                                              sum.second / l.count() - shift * shift, attrs.eps);
        args.out<float>(1)[i] = found.mean;
        args.out<float>(2)[i] = found.inv_std;
        const float *const g = gamma + i % l.groups * l.width, *const h = beta + (g - gamma);
        float* const y = args.out<float>(0) + i * l.width;
        LOCKSTEP_INDEPENDENT
        for (int64_t c = 0; c < l.width; ++c) {
          y[c] = (x[c] - found.mean) * found.inv_std * g[c] + h[c];
        }
      }
    });
  });
}

// (x, gamma, beta) -> y, mean, inv_std.
void Forward(const GroupNormAttrs& attrs, const SimdArgs& args) {
  Scratch scratch(args.run.workspace);
  const Layout l(args.in_shape(0), attrs.groups, &scratch);
  if (l.is_layer()) return ForwardLayers(attrs, args, l);
  const float *const x = args.in<float>(0), *const gamma = args.in<float>(1);
  const int64_t row_elements = l.positions * l.channels;
  for (int64_t row = 0; row < l.rows; ++row) {  // the pivots
    std::copy_n(x + row * row_elements, l.channels, l.b + row * l.channels);
  }
  SumParts(args, l, [&](int64_t i, int64_t c, double* sum, double* squares) LOCKSTEP_INLINE {
    const double d = static_cast<double>(x[i]) - static_cast<double>(l.b[c]);
    *sum += d;
    *squares += d * d;
  });
  ForRuns(args.threads, l.rows * l.groups, 16, [&](Range run) {
    for (int64_t i = run.begin; i < run.end; ++i) {
      const int64_t row = i / l.groups, at = row * l.channels;
      const Statistics found = GroupStatistics(l, row, i % l.groups, l.b + at, attrs.eps);
      args.out<float>(1)[i] = found.mean;
      args.out<float>(2)[i] = found.inv_std;
      for (int64_t c = i % l.groups * l.width; c < (i % l.groups + 1) * l.width; ++c) {
        l.a[at + c] = found.inv_std * gamma[c];
        l.mean[at + c] = found.mean;
      }
    }
  });
  const float* const beta = args.in<float>(2);
  float* const y = args.out<float>(0);
  ForRowParts(args, l, [&](int64_t row, int64_t, int64_t at, int64_t n) LOCKSTEP_INLINE {
    const float *const a = l.a + row * l.channels, *const mean = l.mean + row * l.channels;
    for (int64_t p = 0; p < n; ++p, at += l.channels) {
      LOCKSTEP_INDEPENDENT
      for (int64_t c = 0; c < l.channels; ++c) y[at + c] = (x[at + c] - mean[c]) * a[c] + beta[c];
    }
  });
}

// What the gradient of a group takes off: dx = inv_std gamma dy - off - (x - mean) slope.
struct Taken {
  float off, slope;
};

// `sum` of gamma dy, `products` of gamma dy (x - mean).
Taken TakenOf(const Layout& l, double inv_std, double sum, double products) {
  return {static_cast<float>(inv_std * sum / l.count()),
          static_cast<float>(inv_std * inv_std * inv_std * products / l.count())};
}

// Adds up dgamma and dbeta over `parts` rows of sums.
void WriteVectors(const SimdArgs& args, const Layout& l, int64_t parts) {
  for (int64_t c = 0; c < l.channels; ++c) {
    double dgamma = 0.0, dbeta = 0.0;
    for (int64_t part = 0; part < parts; ++part) {
      dgamma += l.first[part * l.channels + c];
      dbeta += l.second[part * l.channels + c];
    }
    args.out<float>(1)[c] = static_cast<float>(dgamma);
    args.out<float>(2)[c] = static_cast<float>(dbeta);
  }
}

void GradLayers(const SimdArgs& args, const Layout& l) {
  ForRuns(args.threads, l.rows, l.grain, [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      double* const dgamma = l.first + run.begin / l.grain * l.channels;
      double* const dbeta = l.second + run.begin / l.grain * l.channels;
      for (int64_t c = 0; c < l.channels; ++c) dgamma[c] = dbeta[c] = 0.0;
      for (int64_t i = run.begin * l.groups; i < run.end * l.groups; ++i) {
        const int64_t channel = i % l.groups * l.width;
        const float* const x = args.in<float>(0) + i * l.width;
        const float* const dy = args.in<float>(4) + i * l.width;
        const float* const gamma = args.in<float>(1) + channel;
        const float mean = args.in<float>(2)[i], inv_std = args.in<float>(3)[i];
        const Pair sum = SumGroup(l.width, [=](int64_t c, double* s, double* q) LOCKSTEP_INLINE {
          const double scaled = static_cast<double>(dy[c]) * static_cast<double>(gamma[c]);
          *s += scaled;
          *q += scaled * (static_cast<double>(x[c]) - static_cast<double>(mean));
        });
        const Taken taken = TakenOf(l, static_cast<double>(inv_std), sum.first, sum.second);
        float* const dx = args.out<float>(0) + i * l.width;
        LOCKSTEP_INDEPENDENT
        for (int64_t c = 0; c < l.width; ++c) {
          const float d = dy[c], apart = x[c] - mean;
          dbeta[channel + c] += static_cast<double>(d);
          dgamma[channel + c] += static_cast<double>(d * apart * inv_std);
          dx[c] = inv_std * gamma[c] * d - taken.off - apart * taken.slope;
        }
      }
    });
  });
  WriteVectors(args, l, l.parts);
}

// The factors of a group's dx, and in its channels' first sums dgamma and dbeta of the row.
void GradGroup(const SimdArgs& args, const Layout& l, int64_t row, int64_t group) {
  const float* const gamma = args.in<float>(1);
  const double inv_std = static_cast<double>(args.in<float>(3)[row * l.groups + group]);
  double sum = 0.0, products = 0.0;
  for (int64_t c = group * l.width; c < (group + 1) * l.width; ++c) {
    const Pair of = SumOverParts(l, row, c);
    sum += static_cast<double>(gamma[c]) * of.first;
    products += static_cast<double>(gamma[c]) * of.second;
    const int64_t at = row * l.parts * l.channels + c;
    l.first[at] = of.second * inv_std;
    l.second[at] = of.first;
  }
  const Taken taken = TakenOf(l, inv_std, sum, products);
  for (int64_t c = group * l.width; c < (group + 1) * l.width; ++c) {
    const int64_t at = row * l.channels + c;
    l.a[at] = static_cast<float>(inv_std * static_cast<double>(gamma[c]));
    l.b[at] = taken.off;
    l.c[at] = taken.slope;
  }
}

// (x, gamma, mean, inv_std, dy) -> dx, dgamma, dbeta.
void Grad(const GroupNormAttrs& attrs, const SimdArgs& args) {
  Scratch scratch(args.run.workspace);
  const Layout l(args.in_shape(0), attrs.groups, &scratch);
  if (l.is_layer()) return GradLayers(args, l);
  const float *const x = args.in<float>(0), *const dy = args.in<float>(4);
  for (int64_t i = 0; i < l.rows * l.channels; ++i) l.mean[i] = args.in<float>(2)[i / l.width];
  SumParts(args, l, [&](int64_t i, int64_t c, double* sum, double* products) LOCKSTEP_INLINE {
    const double d = static_cast<double>(dy[i]);
    *sum += d;
    *products += d * (static_cast<double>(x[i]) - static_cast<double>(l.mean[c]));
  });
  ForRuns(args.threads, l.rows * l.groups, 16, [&](Range run) {
    for (int64_t i = run.begin; i < run.end; ++i) GradGroup(args, l, i / l.groups, i % l.groups);
  });
  float* const dx = args.out<float>(0);
  ForRowParts(args, l, [&](int64_t row, int64_t, int64_t at, int64_t n) LOCKSTEP_INLINE {
    const float *const a = l.a + row * l.channels, *const off = l.b + row * l.channels;
    const float *const slope = l.c + row * l.channels, *const mean = l.mean + row * l.channels;
    for (int64_t p = 0; p < n; ++p, at += l.channels) {
      LOCKSTEP_INDEPENDENT
      for (int64_t c = 0; c < l.channels; ++c) {
        dx[at + c] = dy[at + c] * a[c] - off[c] - (x[at + c] - mean[c]) * slope[c];
      }
    }
  });
  for (int64_t row = 1; row < l.rows; ++row) {
    std::copy_n(l.first + row * l.parts * l.channels, l.channels, l.first + row * l.channels);
    std::copy_n(l.second + row * l.parts * l.channels, l.channels, l.second + row * l.channels);
  }
  WriteVectors(args, l, l.rows);
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("group_norm",
                     SimdKernel<GroupNormAttrs>({.run = Forward, .workspace = Workspace}));
  registry.AddKernel("group_norm_grad",
                     SimdKernel<GroupNormAttrs>({.run = Grad, .workspace = Workspace}));
}

}  // namespace lockstep::ops::group_norm
