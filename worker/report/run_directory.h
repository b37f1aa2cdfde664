// SPDX-License-Identifier: Apache-2.0
// RunDirectory: what a run leaves on disk (docs/formats.md, "Run directory"): recipe.toml,
// results.csv, digests.csv, summary.json, model.safetensors.
#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
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

class RunDirectory {
 public:
  // Makes config.run.directory. Already-exists where it holds a run and config.run.overwrite is
  // false, and where it is not a run's and has a file that a run would write over. Other files are
  // never touched.
  static Result<std::unique_ptr<RunDirectory>> Create(const TrainConfig& config);

  const std::string& path() const { return path_; }
  std::string WeightsPath() const { return path_ + "/model.safetensors"; }

  Status AddStep(const StepRecord& record);    // digests.csv
  Status AddEpoch(const EpochReport& report);  // results.csv
  Status Flush();
  Status WriteSummary(const TrainSummary& summary);

 private:
  explicit RunDirectory(std::string path) : path_(std::move(path)) {}
  Status OpenTables();
  Status CheckWritten(const std::ofstream& file, const std::string& name) const;

  std::string path_;
  std::ofstream digests_, results_;
};

}  // namespace lockstep::worker
