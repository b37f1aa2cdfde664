// SPDX-License-Identifier: Apache-2.0
// RunDirectory: what a run leaves on disk beside its checkpoints (docs/formats.md, "Run
// directory"): recipe.toml, kernels.json, results.csv, digests.csv, summary.json,
// model.safetensors. Only the process that trains as rank 0 of the newest generation writes here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "worker/config/train_config.h"
#include "worker/report/finished_run.h"
#include "worker/report/growing_table.h"
#include "worker/report/run_tables.h"
#include "worker/report/train_report.h"

namespace lockstep::worker {

struct StepRecord {
  int64_t step = 0;  // 1 after the first
  double loss = 0.0;
  bool skipped = false;
  bool digested = true;
  uint64_t digest = 0;
};

// Where a history goes on, and what its checkpoint says the tables held there. Rows behind those
// are cut off: they are written again.
struct HistoryStart {
  int64_t step = 0;
  RunTables tables;  // of step 0: RunTables::WithoutRows
};

class RunDirectory {
 public:
  // Before anything else is touched: looks whether a run may live in config.run.directory
  // (run_place.h) and makes it. Already-exists also where it holds a finished run that no
  // checkpoint belongs to and config.run.overwrite is false.
  static Status Check(const TrainConfig& config);

  // Opens the directory for a history that goes on from `start`; other files are never touched. A
  // table that lacks rows of `start`, or holds others, is written as it was: a warning says so.
  // `kernel_file`: the bytes of the run's kernel file, kept as kernels.json; empty: it has none,
  // and a kernels.json that is there goes.
  static Result<std::unique_ptr<RunDirectory>> Open(const TrainConfig& config,
                                                    const HistoryStart& start,
                                                    const std::string& kernel_file = "");

  // Copies tables, summary and weights, as far as they are there, to names that say of which branch
  // they are: digests-b01.csv. Nothing removes those again.
  static Status KeepAside(const std::string& path, int32_t branch);
  // A run that is not finished any more: its tables are these, and it has no summary and no
  // weights.
  static Status Reset(const std::string& path, const RunTables& tables);

  const std::string& path() const { return path_; }
  std::string WeightsPath() const { return path_ + "/" + kWeightsFile; }
  std::string AveragesPath() const { return path_ + "/" + kAveragesFile; }

  Status AddStep(const StepRecord& record);  // digests.csv
  // results.csv. Of metrics those that its header names, which a run that goes on keeps; one that
  // the report does not have stays empty.
  Status AddEpoch(const EpochReport& report);
  // Both tables reach the disk, as they were written. Any thread. `may_write`: see GrowingTable.
  Status Sync(const std::function<Status()>& may_write);
  RunTables tables() const { return {digests_.text(), results_.text()}; }
  // Writes summary.json. That of a finished run names the tables and the weights with their hashes
  // (finished_run.h), which are there by then.
  Status WriteSummary(const TrainSummary& summary);

 private:
  explicit RunDirectory(std::string path) : path_(std::move(path)) {}
  Status OpenTables(const HistoryStart& start);

  std::string path_;
  GrowingTable digests_, results_;
  std::vector<std::string> metric_columns_;  // of results.csv
};

}  // namespace lockstep::worker
