// SPDX-License-Identifier: Apache-2.0
// VerifyDataset: reads every byte of a dataset and names whatever is not as it was written.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"

namespace lockstep::storage {

struct VerifyProblem {
  std::string name;     // a file of the dataset ("000012.sst") or "sample 17 (key 0000...0011)"
  std::string message;  // what is wrong with it: found and expected
};

struct VerifyReport {
  int64_t files = 0;    // listed in dataset.manifest
  int64_t bytes = 0;    // of them that were hashed
  int64_t records = 0;  // read and found good
  Hash128Value digest;  // recomputed from the records; zero where they could not all be read
  std::vector<VerifyProblem> problems;

  bool ok() const { return problems.empty(); }
  // One line for each problem, or one line that all is well.
  std::string ToString() const;
  // OK, or data-loss with ToString().
  Status ToStatus() const;
};

// Hashes every listed file, looks for files that are not listed, reads every record, compares its
// path with the listing, and recomputes the dataset digest. `progress` (may be empty) is told bytes
// hashed plus records read, and their total; from this thread.
// A failed Result means that there is no dataset to verify: no directory, no dataset.manifest; or
// that `stop` (may be null) was set meanwhile: cancelled.
Result<VerifyReport> VerifyDataset(const std::string& directory,
                                   const std::function<void(int64_t, int64_t)>& progress = {},
                                   const std::atomic<bool>* stop = nullptr);

}  // namespace lockstep::storage
