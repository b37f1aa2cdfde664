// SPDX-License-Identifier: Apache-2.0
#include "worker/eval/eval_sums.h"

#include "graph/program/program.h"

namespace lockstep::worker {

EvalSums::EvalSums(const graph::Plan* plan)
    : numerator_(plan->ResultIndex(graph::kNumerator)),
      denominator_(plan->ResultIndex(graph::kDenominator)),
      sums_(plan) {}

comm::SumRow EvalSums::EmptyLane() const {
  return {.f64 = std::vector<double>(kFirstSum + sums_.f64(), 0.0),
          .i64 = std::vector<int64_t>(kLaneCounts, 0)};
}

comm::SumRow EvalSums::EmptyCounts() const {
  return {.f64 = {}, .i64 = std::vector<int64_t>(sums_.i64(), 0)};
}

void EvalSums::Add(const std::vector<void*>& results, comm::SumRow* lane,
                   comm::SumRow* counts) const {
  lane->f64[kNumerator] += *static_cast<const double*>(results[numerator_]);
  lane->f64[kDenominator] += *static_cast<const double*>(results[denominator_]);
  sums_.Add(results, lane->f64.data() + kFirstSum, counts->i64.data());
}

graph::Gathered EvalSums::Gather(const comm::SumRow& lanes, const comm::SumRow& counts) const {
  graph::Gathered gathered;
  gathered.samples = lanes.i64[kRows];
  gathered.sums = sums_.Totals(lanes.f64.data() + kFirstSum, counts.i64.data(), gathered.samples);
  return gathered;
}

}  // namespace lockstep::worker
