// SPDX-License-Identifier: Apache-2.0
// RecordSource: where a loader's records come from. The dataset store is one; a test may have
// another.
#pragma once

#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "storage/dataset/dataset.h"

namespace lockstep::storage {

// Every method may be called by any number of threads at once. An error names the record.
class RecordSource {
 public:
  virtual ~RecordSource() = default;
  virtual const DatasetInfo& info() const = 0;
  virtual Result<Record> Read(SampleId id) const = 0;
  // Records first .. first + count - 1, in this order, or the first failure.
  virtual Result<std::vector<Record>> ReadRange(SampleId first, int64_t count) const = 0;
};

// The records of a dataset, which must outlive it.
class DatasetSource : public RecordSource {
 public:
  explicit DatasetSource(const Dataset* dataset) : dataset_(dataset) {}
  const DatasetInfo& info() const override { return dataset_->info(); }
  Result<Record> Read(SampleId id) const override { return dataset_->Read(id); }
  Result<std::vector<Record>> ReadRange(SampleId first, int64_t count) const override {
    return dataset_->ReadRange(first, count);
  }

 private:
  const Dataset* dataset_;
};

}  // namespace lockstep::storage
