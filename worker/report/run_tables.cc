// SPDX-License-Identifier: Apache-2.0
#include "worker/report/run_tables.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/format.h"
#include "base/hash.h"
#include "graph/tasks/task.h"

namespace lockstep::worker {
namespace {

// The columns around those of metrics.
constexpr char kBeforeMetrics[] = "epoch,step,train_loss,val_loss";
constexpr char kBehindMetrics[] = "lr,images_per_second,seconds";
constexpr size_t kColumnsBefore = 4, kColumnsBehind = 3;

int ClockColumns(std::string_view name) { return name == kResultsFile ? 2 : 0; }

// The line that begins at `at`, its newline included; the rest where there is none.
std::string_view LineAt(std::string_view text, size_t at) {
  const size_t end = text.find('\n', at);
  return text.substr(at, end == std::string_view::npos ? end : end + 1 - at);
}

std::string_view WithoutClocks(std::string_view line, int columns) {
  for (int i = 0; i < columns; ++i) line = line.substr(0, line.rfind(','));
  return line;
}

}  // namespace

std::string ResultsHeader(const std::vector<Metric>& metrics,
                          const std::vector<Metric>& train_metrics, size_t groups) {
  std::string header = kBeforeMetrics;
  for (const Metric& metric : metrics) header += "," + metric.name;
  for (const Metric& metric : train_metrics) {
    header += "," + std::string(kTrainColumn) + metric.name;
  }
  for (size_t i = 1; i <= groups; ++i) {
    header += "," + std::string(kGroupColumn) + std::to_string(i);
  }
  return header + "," + kBehindMetrics;
}

std::string ColumnOf(std::string_view metric) {
  return metric == graph::kLossMetric ? "val_loss" : std::string(metric);
}

std::vector<std::string> MetricColumns(std::string_view results) {
  const std::vector<std::string_view> cells = CellsOf(results.substr(0, results.find('\n')));
  if (cells.size() < kColumnsBefore + kColumnsBehind) return {};
  return {cells.begin() + kColumnsBefore, cells.end() - kColumnsBehind};
}

std::string TableNumber(double value) { return std::isnan(value) ? "nan" : Format("%.9g", value); }

double AsWritten(double value) { return std::strtod(TableNumber(value).c_str(), nullptr); }

std::vector<std::string_view> CellsOf(std::string_view line) {
  std::vector<std::string_view> cells;
  for (size_t comma = line.find(','); comma != std::string_view::npos; comma = line.find(',')) {
    cells.push_back(line.substr(0, comma));
    line.remove_prefix(comma + 1);
  }
  cells.push_back(line);
  return cells;
}

RunTables RunTables::WithoutRows(const std::vector<Metric>& metrics,
                                 const std::vector<Metric>& train_metrics, size_t groups) {
  return {std::string(kDigestsHeader) + "\n", ResultsHeader(metrics, train_metrics, groups) + "\n"};
}

storage::TableState StateOfTable(const std::string& name, std::string_view text) {
  storage::TableState state{name, -1, {}};  // the header is no row
  Hasher hasher;
  for (size_t at = 0; at < text.size();) {
    const std::string_view line = LineAt(text, at);
    at += line.size();
    ++state.rows;
    hasher.Update(WithoutClocks(line, ClockColumns(name)));
  }
  state.rows = std::max<int64_t>(state.rows, 0);
  state.hash = hasher.Digest128();
  return state;
}

std::vector<storage::TableState> StatesOf(const RunTables& tables) {
  return {StateOfTable(kDigestsFile, tables.digests), StateOfTable(kResultsFile, tables.results)};
}

std::string DifferenceFrom(const std::string& name, std::string_view expected,
                           std::string_view text) {
  int64_t row = 0;
  for (size_t at = 0, there = 0; at < expected.size(); ++row) {
    const std::string_view wanted = LineAt(expected, at), found = LineAt(text, there);
    at += wanted.size();
    there += found.size();
    const std::string what = row == 0 ? "the header" : "row " + std::to_string(row);
    if (found.empty()) return what + " is missing";
    const int clocks = ClockColumns(name);
    if (!found.ends_with('\n') || WithoutClocks(found, clocks) != WithoutClocks(wanted, clocks)) {
      return what + " is not the one that was written";
    }
  }
  return "";
}

std::string_view FirstRows(std::string_view text, int64_t rows) {
  size_t end = 0;
  for (int64_t line = 0; line <= rows; ++line) {
    const size_t newline = text.find('\n', end);
    if (newline == std::string_view::npos) break;
    end = newline + 1;
  }
  return text.substr(0, end);
}

}  // namespace lockstep::worker
