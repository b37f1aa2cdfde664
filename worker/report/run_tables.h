// SPDX-License-Identifier: Apache-2.0
// The two tables of a run directory as texts: what stands in them, what a checkpoint says of them,
// and where a file on the disk differs from what it should hold (docs/formats.md, "Run directory").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/metric.h"
#include "storage/checkpoint/checkpoint.h"

namespace lockstep::worker {

inline constexpr char kDigestsFile[] = "digests.csv";
inline constexpr char kResultsFile[] = "results.csv";
inline constexpr std::string_view kTrainColumn = "train_";
inline constexpr std::string_view kGroupColumn = "lr_";
inline constexpr char kDigestsHeader[] = "step,loss_bits,loss,skipped,digest";

// The columns of results.csv: a column for each metric between "val_loss" and "lr", those of
// training (Task::MeasureStep) behind the others, with kTrainColumn before their names, then the
// learning rate of each of the groups of the recipe, in its order: "lr_1", "lr_2". The last two say
// what a clock said: two runs of the same bits differ in them.
std::string ResultsHeader(const std::vector<Metric>& metrics,
                          const std::vector<Metric>& train_metrics = {}, size_t groups = 0);
// The column that holds a metric or graph::kLossMetric.
std::string ColumnOf(std::string_view metric);
// The metrics and groups that a table has columns of, from its header: a run keeps those it began
// with.
std::vector<std::string> MetricColumns(std::string_view results);

// A number as both tables have it: nine digits, any NaN as "nan".
std::string TableNumber(double value);
// What a reader of the tables gets back of it.
double AsWritten(double value);

// The cells of a line, its newline left out.
std::vector<std::string_view> CellsOf(std::string_view line);

// Whole files: the header, then one line per row, each with its newline.
struct RunTables {
  std::string digests;
  std::string results;
  // The tables of a run that has these metrics, before its first step.
  static RunTables WithoutRows(const std::vector<Metric>& metrics,
                               const std::vector<Metric>& train_metrics = {}, size_t groups = 0);
};

// Rows and hash of the table called `name`, the columns of clocks left out.
storage::TableState StateOfTable(const std::string& name, std::string_view text);
// The states of both tables, in bytewise name order, as a manifest holds them.
std::vector<storage::TableState> StatesOf(const RunTables& tables);

// How the file's text differs from the rows it should begin with, the columns of clocks left out:
// "row 17 is not the one that was written". Empty where it does not. Rows that follow do not count.
std::string DifferenceFrom(const std::string& name, std::string_view expected,
                           std::string_view text);

// The first `rows` rows of a table behind its header, or fewer where there are fewer whole lines.
std::string_view FirstRows(std::string_view text, int64_t rows);

}  // namespace lockstep::worker
