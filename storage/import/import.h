// SPDX-License-Identifier: Apache-2.0
// ImportDataset makes a dataset of a source: the work of `lockstep data import`.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/dataset/dataset.h"

namespace lockstep::storage {

struct ImportOptions {
  std::string kind;  // see ImporterKinds()
  std::string path;  // of the source
  std::string out;   // directory of the dataset to make
  int threads = 0;   // 0: as many as the machine has cores
  int64_t shard_size = 256;
  bool replace = false;  // an existing dataset at `out` is replaced when the new one is complete
  // Is told (samples written, all samples), by one thread at a time. May be empty.
  std::function<void(int64_t done, int64_t total)> progress;
  const std::atomic<bool>* stop = nullptr;  // set: the import ends as cancelled; may be null
};

struct ImportReport {
  std::string directory;
  DatasetInfo info;
  std::vector<std::string> warnings;  // about the splits' labels, one line each
  int64_t files = 0;                  // of the dataset
  int64_t bytes = 0;                  // of them together
};

// The digest is the same for any number of threads. On any error nothing is left at `out`, or what
// was there before.
Result<ImportReport> ImportDataset(const ImportOptions& options);

}  // namespace lockstep::storage
