// SPDX-License-Identifier: Apache-2.0
// Which evaluation of a run is the best, as the rows of its results.csv say: among the scheduled
// ones, by the metric that eval.best names, the earliest of equal ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/metric.h"
#include "base/status.h"

namespace lockstep::worker {

// Among a checkpoint's values: the name of the metric by which its run compares evaluations.
inline constexpr char kBestByValue[] = "best_by";

// When evaluations are due. Those that came about only because a run ended (of a cut epoch, or
// between those that eval.every_epochs asks for) do not count.
struct EvaluationSchedule {
  int64_t every_epochs = 1;
  int64_t steps_per_epoch = 0;  // 0: not known, so none is
};

struct BestEvaluation {
  int32_t epoch = 0;  // 0-based
  int64_t step = 0;
  double value = 0.0;  // as results.csv has it
};

// None where no row counts. Invalid-argument: the table has no column of that metric.
Result<std::optional<BestEvaluation>> FindBestEvaluation(std::string_view results,
                                                         const Metric& metric,
                                                         const EvaluationSchedule& schedule);

}  // namespace lockstep::worker
