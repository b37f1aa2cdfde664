// SPDX-License-Identifier: Apache-2.0
// Sums on a GPU, in double and in an order that the shapes alone decide: rows are cut into parts,
// each part is added in order, and the parts by the threads of a block. So the bits are the same on
// every GPU.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/core/gpu_plan.h"
#include "ops/core/last_axis.h"

namespace lockstep::ops {

// How rows of so many channels are cut: enough parts to fill a GPU.
struct SumParts {
  int64_t rows, channels, rows_of_part, parts;

  explicit SumParts(const RowsOfChannels& v) : rows(v.rows), channels(v.channels) {
    const int64_t wanted =
        std::max<int64_t>(1, (int64_t{1} << 17) / std::max<int64_t>(1, channels));
    rows_of_part = std::max<int64_t>(1, (rows + wanted - 1) / wanted);
    parts = (rows + rows_of_part - 1) / rows_of_part;
  }
  int64_t elements() const { return parts * channels; }
};

// A grid of which each block does one of n things.
inline GpuGrid GridOfBlocks(int64_t n) {
  return {static_cast<uint32_t>(std::min(n, kGpuBlocks)), kGpuThreads};
}

// sums (C) = factor * the sum of `parts` (P, C); float, or double where `wide`.
inline void PlanSumOfParts(GpuPlan* plan, const SumParts& v, const GpuOperand& parts,
                           const GpuOperand& sums, bool wide, double factor = 1.0) {
  plan->Launch(wide ? "sum_parts_f64" : "sum_parts_f32", GridOfBlocks(v.channels), parts, sums,
               v.parts, v.channels, factor);
}

// sums (C) = the sum over the rows of x (rows, C), which is float.
inline void PlanSumOfRows(GpuPlan* plan, const RowsOfChannels& shape, const GpuOperand& x,
                          const GpuOperand& sums, bool wide, double factor = 1.0) {
  const SumParts v(shape);
  const GpuOperand parts = plan->Scratch<double>(v.elements());
  plan->Launch("sum_rows_f32", GridFor(v.elements()), x, parts, v.rows, v.channels, v.rows_of_part,
               v.parts);
  PlanSumOfParts(plan, v, parts, sums, wide, factor);
}

// sum [] = the sum of the n doubles of x.
inline void PlanSumOfDoubles(GpuPlan* plan, int64_t n, const GpuOperand& x, const GpuOperand& sum) {
  RowsOfChannels shape({1});
  shape.rows = n;
  const SumParts v(shape);
  const GpuOperand parts = plan->Scratch<double>(v.parts);
  plan->Launch("sum_f64", GridFor(v.parts), x, parts, n, v.rows_of_part, v.parts);
  PlanSumOfParts(plan, v, parts, sum, /*wide=*/true);
}

}  // namespace lockstep::ops
