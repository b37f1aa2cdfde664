// SPDX-License-Identifier: Apache-2.0
// RunDirectory: what a run leaves on disk beside its checkpoints (docs/formats.md, "Run
// directory"): recipe.toml, kernels.json, results.csv, digests.csv, summary.json,
// model.safetensors. Only the process that trains as rank 0 of the newest generation writes here.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "worker/trainer/train.h"
#include "worker/trainer/train_config.h"

namespace lockstep::worker {

struct StepRecord {
  int64_t step = 0;  // 1 after the first
  double loss = 0.0;
  bool skipped = false;
  bool digested = true;
  uint64_t digest = 0;
};

// Where a history goes on: rows of later steps are cut off, and those of epochs that have not
// ended.
struct HistoryStart {
  int64_t step = 0;
  int32_t epoch = 0;
};

// A table that grows by whole lines. Lines are written at once, so a killed process loses none;
// Sync makes them survive the machine.
class GrowingTable {
 public:
  GrowingTable() = default;
  GrowingTable(const GrowingTable&) = delete;
  GrowingTable& operator=(const GrowingTable&) = delete;
  ~GrowingTable();
  // Replaces the file by `contents`, whole, and goes on behind it.
  Status Open(const std::string& path, const std::string& contents);
  Status Append(const std::string& line);
  Status Sync();

 private:
  std::string path_;
  int fd_ = -1;
};

class RunDirectory {
 public:
  // Before anything else is touched: looks whether a run may live in config.run.directory
  // (run_place.h) and makes it. Already-exists also where it holds a finished run that no
  // checkpoint belongs to and config.run.overwrite is false.
  static Status Check(const TrainConfig& config);

  // Opens the directory for a history that goes on from `start`; other files are never touched.
  // `kernel_file`: the bytes of the run's kernel file, kept as kernels.json; empty: it has none,
  // and a kernels.json that is there goes.
  static Result<std::unique_ptr<RunDirectory>> Open(const TrainConfig& config, HistoryStart start,
                                                    const std::string& kernel_file = "");

  // The digest in summary.json where that says the run is finished and the weights are there too.
  static Result<uint64_t> FinishedDigest(const std::string& path);

  const std::string& path() const { return path_; }
  std::string WeightsPath() const { return path_ + "/model.safetensors"; }

  Status AddStep(const StepRecord& record);    // digests.csv
  Status AddEpoch(const EpochReport& report);  // results.csv
  Status Sync();                               // both tables; any thread
  Status WriteSummary(const TrainSummary& summary);

 private:
  explicit RunDirectory(std::string path) : path_(std::move(path)) {}
  Status OpenTables(HistoryStart start);

  std::string path_;
  GrowingTable digests_, results_;
};

}  // namespace lockstep::worker
