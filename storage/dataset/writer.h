// SPDX-License-Identifier: Apache-2.0
// DatasetWriter: makes a dataset, once. Importers use it through ImportDataset
// (storage/import/import.h).
//
// Everything is written to a sibling directory, OUT.importing-PID, and renamed to OUT as the very
// last thing, so an interrupted import leaves nothing that opens. Such directories whose process is
// gone are removed by the next import of the same name. The result does not depend on the order or
// the threads in which ranges are written.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/ids.h"
#include "base/range.h"
#include "base/status.h"
#include "storage/dataset/dataset.h"

namespace lockstep::storage {

// The accepted samples of one split: every one of them decodes. Paths are relative to the source,
// UTF-8, in bytewise order, without duplicates or newlines.
struct SplitListing {
  std::string name;  // letters, digits, '-', '_', '.'
  std::vector<std::string> paths;
};

// Whether a split may be called so: letters, digits, '-', '_', '.'.
bool IsSplitName(std::string_view name);

struct WriterOptions {
  std::string directory;  // OUT
  bool replace = false;   // an existing dataset there is replaced when this one is complete
  std::string source;     // DatasetInfo::source
  Hash128Value source_fingerprint;
  Schema schema;
  std::vector<SplitListing> splits;  // in bytewise name order, none empty
  // Of the first image field, over the split of the statistics.
  std::vector<double> channel_mean, channel_std;
  std::map<std::string, int64_t> rejected_for;  // see DatasetInfo
  std::vector<std::string> rejected;
  int64_t shard_size = 256;
  int64_t ids_per_file = 0;                 // 0: IdsPerFile
  const std::atomic<bool>* stop = nullptr;  // set: Finish ends as cancelled; may be null
};

// Whether a dataset may have these fields and splits of these names: names by their rules and in
// their order, classes for every label, texts that are UTF-8. Looks at no path. Fails with an
// invalid-argument that names what is wrong. Create asks this itself; an import asks it before it
// reads the samples.
Status CheckNames(const Schema& schema, const std::vector<SplitListing>& splits);

// What options say of the dataset that will be made of them, before any sample is known.
DatasetInfo InfoOf(const WriterOptions& options);

class DatasetWriter {
 public:
  // Checks the options, refuses an existing OUT (unless `replace`, and it is a dataset), removes
  // what dead imports left, makes the temporary directory and stores the listing.
  static Result<std::unique_ptr<DatasetWriter>> Create(WriterOptions options);
  // Removes the temporary directory, unless finished.
  ~DatasetWriter();

  int64_t samples() const;
  const std::string& path(size_t split, size_t index) const;  // of the listing
  int64_t ranges() const;  // files of records to write: ranges 0 .. ranges() - 1 of ids

  // Writes the records of one range, once for each range, from any thread. `sample(split, index)`
  // gives the values of the sample at a place of the listing, in the schema's order; it is called
  // in id order, `written` (may be empty) after each record. Errors: those of `sample`; data-loss
  // for a value that its field cannot have; resource-exhausted, naming the directory, where the
  // disk is full.
  using SampleAt = std::function<Result<std::vector<FieldValue>>(size_t split, size_t index)>;
  Status WriteRange(int64_t range, const SampleAt& sample,
                    const std::function<void()>& written = {});

  // To be called after all ranges are written: makes digest and manifest, and renames. The dataset
  // is there when this returns OK, and else it is not.
  Result<DatasetInfo> Finish();
  // After Finish: what a person should know of the splits, one line each.
  const std::vector<std::string>& warnings() const;

 private:
  class Core;
  explicit DatasetWriter(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace lockstep::storage
