// SPDX-License-Identifier: Apache-2.0
#include "ops/core/sum_rows.h"

#include <algorithm>

#include "base/device/for_isa.h"
#include "ops/core/parallel.h"
#include "ops/core/scratch.h"

namespace lockstep::ops {
namespace {

constexpr int64_t kRowsAtOnce = 64;

int64_t Grain(const RowsOfChannels& v) {
  return std::clamp<int64_t>(65536 / std::max<int64_t>(v.channels, 1), kRowsAtOnce, 8192);
}

struct Sums {
  double* part;  // (parts, C)
  float* rows;   // (parts, C), of the rows at hand

  Sums(const RowsOfChannels& v, Scratch* scratch)
      : part(scratch->Take<double>(Count(v))), rows(scratch->Take<float>(Count(v))) {}
  static int64_t Count(const RowsOfChannels& v) {
    return (v.rows + Grain(v) - 1) / Grain(v) * v.channels;
  }
};

}  // namespace

int64_t SumRowsWorkspace(const RowsOfChannels& x) {
  Scratch scratch;
  Sums(x, &scratch);
  return scratch.bytes();
}

void SumRows(const RowsOfChannels& v, CpuIsa isa, int32_t threads, const float* x, void* workspace,
             float* sums) {
  Scratch scratch(workspace);
  const Sums s(v, &scratch);
  const int64_t grain = Grain(v);
  ForRuns(threads, v.rows, grain, [&](Range run) {
    double* const part = s.part + run.begin / grain * v.channels;
    float* const sum = s.rows + run.begin / grain * v.channels;
    RunForIsa(isa, [&]() LOCKSTEP_INLINE {
      for (int64_t c = 0; c < v.channels; ++c) part[c] = 0.0;
      for (int64_t begin = run.begin; begin < run.end; begin += kRowsAtOnce) {
        const int64_t end = std::min(run.end, begin + kRowsAtOnce);
        for (int64_t c = 0; c < v.channels; ++c) sum[c] = 0.0f;
        for (int64_t row = begin; row < end; ++row) {
          LOCKSTEP_INDEPENDENT
          for (int64_t c = 0; c < v.channels; ++c) sum[c] += x[row * v.channels + c];
        }
        for (int64_t c = 0; c < v.channels; ++c) part[c] += static_cast<double>(sum[c]);
      }
    });
  });
  for (int64_t c = 0; c < v.channels; ++c) {
    double sum = 0.0;
    for (int64_t at = c; at < Sums::Count(v); at += v.channels) sum += s.part[at];
    sums[c] = static_cast<float>(sum);
  }
}

}  // namespace lockstep::ops
