// SPDX-License-Identifier: Apache-2.0
// summary.json: how a run ended, with a hash of itself. Of a finished run it names what that left,
// the two tables, the weights and what is needed to use them, with their hashes: so a later reader
// knows whether they are still what the run wrote (docs/formats.md, "Run directory").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/env/files.h"
#include "worker/report/train_report.h"

namespace lockstep::worker {

inline constexpr char kSummaryFile[] = "summary.json";
inline constexpr char kWeightsFile[] = "model.safetensors";
// The moving average of the weights, where a run keeps one (train.ema_decay).
inline constexpr char kAveragesFile[] = "model_ema.safetensors";

struct FileState {
  std::string name;
  int64_t size = 0;
  Hash128Value hash;  // XXH3-128 of the contents
};

// The text of summary.json.
std::string SummaryJson(const TrainSummary& summary, const std::vector<FileState>& files);

// Size and hash of the tables, the weights, the recipe and, where they are there, the average of
// the weights and the kernel file of a run directory, as they are now.
Result<std::vector<FileState>> StatesOfResults(const std::string& run_directory);

struct FinishedRun {
  uint64_t digest = 0;  // of its last step
  int64_t step = 0;
  std::vector<FileState> files;
};

// What the summary says, every file that it names read and compared. not-found: no summary;
// failed-precondition: the run is not finished, or another version wrote the summary; data-loss:
// the summary or a file is not as it was written, with its name. `advance` (may be empty) is told
// the bytes of each piece read; where it fails, so does this.
Result<FinishedRun> VerifyFinishedRun(const std::string& run_directory,
                                      const storage::Advance& advance = {});

// Whether the tables of a run that is not finished begin with the rows that a checkpoint tells of.
// data-loss: a table does not, with its name.
Status VerifyTables(const std::string& run_directory,
                    const std::vector<storage::TableState>& expected);

}  // namespace lockstep::worker
