// SPDX-License-Identifier: Apache-2.0
#include "worker/report/best_evaluation.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

#include "base/suggest.h"
#include "graph/tasks/task.h"
#include "worker/report/run_tables.h"

namespace lockstep::worker {
namespace {

template <typename T>
std::optional<T> NumberOf(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The row as an evaluation; none where the row is none, or had no evaluation.
std::optional<BestEvaluation> ParseRow(std::string_view line, size_t column) {
  const std::vector<std::string_view> cells = CellsOf(line);
  if (cells.size() <= std::max<size_t>(column, 1)) return std::nullopt;
  const auto epoch = NumberOf<int32_t>(cells[0]);
  const auto step = NumberOf<int64_t>(cells[1]);
  const auto value = NumberOf<double>(cells[column]);
  if (!epoch || *epoch < 0 || !step || *step < 0 || !value) return std::nullopt;
  return BestEvaluation{*epoch, *step, *value};
}

bool IsScheduled(const BestEvaluation& row, const EvaluationSchedule& schedule) {
  const int64_t epochs = int64_t{row.epoch} + 1;
  return schedule.steps_per_epoch > 0 && row.step == epochs * schedule.steps_per_epoch &&
         epochs % schedule.every_epochs == 0;
}

}  // namespace

Result<std::optional<BestEvaluation>> FindBestEvaluation(std::string_view results,
                                                         const Metric& metric,
                                                         const EvaluationSchedule& schedule) {
  const std::vector<std::string_view> header = CellsOf(results.substr(0, results.find('\n')));
  const auto column = std::find(header.begin(), header.end(), ColumnOf(metric.name));
  if (column == header.end()) {
    return InvalidArgument(std::string(kResultsFile) + " has no column '" + ColumnOf(metric.name) +
                           "', by which eval.best compares evaluations" +
                           Suggestion(ColumnOf(metric.name), MetricColumns(results)));
  }
  std::optional<BestEvaluation> best;
  for (size_t at = 0, end = results.find('\n'); end != std::string_view::npos;
       at = end + 1, end = results.find('\n', at)) {
    const auto row =
        ParseRow(results.substr(at, end - at), static_cast<size_t>(column - header.begin()));
    if (!row || !IsScheduled(*row, schedule)) continue;
    const double before = best ? best->value : std::numeric_limits<double>::quiet_NaN();
    if (IsBetter(metric, row->value, before)) best = row;
  }
  return best;
}

}  // namespace lockstep::worker
