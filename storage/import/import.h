// SPDX-License-Identifier: Apache-2.0
// ImportDataset makes a dataset of a source: the work of `lockstep data import`.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/options/attrs.h"
#include "base/status.h"
#include "storage/dataset/dataset.h"

namespace lockstep::storage {

struct ImportOptions {
  std::string kind;  // see ImporterKinds()
  std::string path;  // of the source
  Attrs options;     // of the kind, as far as a person gave them
  std::string out;   // directory of the dataset to make
  int threads = 0;   // 0: as many as the machine has cores
  int64_t shard_size = 256;
  // 3: JPEG and PNG images become red, green and blue; 1: they become grey. Raw images stay as they
  // are.
  int64_t channels = 3;
  bool replace = false;     // an existing dataset at `out` is replaced when the new one is complete
  bool check_only = false;  // reads everything, reports, and writes nothing
  // Of the memory that may hold samples between both readings. Tests set it.
  int64_t kept_bytes = int64_t{96} << 20;
  // Is told what is being done, how far it is and how much there is to do, by one thread at a time.
  // May be empty.
  std::function<void(std::string_view what, int64_t done, int64_t total)> progress;
  // Is told, before anything is decoded, about how many bytes will be written and how many the disk
  // has free. May be empty; it is not called where the source does not know its size.
  std::function<void(int64_t needed, int64_t available)> disk;
  const std::atomic<bool>* stop = nullptr;  // set: the import ends as cancelled; may be null
};

struct ImportReport {
  std::string directory;
  // Of the dataset; where nothing was written, the schema, the splits and what was rejected alone.
  DatasetInfo info;
  std::vector<std::string> warnings;  // about the source and its splits, one line each
  int64_t files = 0;                  // of the dataset
  int64_t bytes = 0;                  // of them together
};

// Two passes over the samples: the first finds out which of them decode and takes statistics, the
// second writes those that do. What the first has read is kept for the second as far as
// ImportOptions::kept_bytes reaches; the rest is read twice. The digest is the same for any number
// of threads. On any error nothing is left at `out`, or what was there before.
Result<ImportReport> ImportDataset(const ImportOptions& options);

}  // namespace lockstep::storage
