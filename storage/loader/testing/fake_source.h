// SPDX-License-Identifier: Apache-2.0
// FakeSource: records made up from their ids, for tests: some can be damaged, and reading can be
// held back until the test lets it go on.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "storage/dataset/testing/image_sample.h"
#include "storage/loader/record_source.h"

namespace lockstep::storage {

class FakeSource : public RecordSource {
 public:
  // Splits test (ids 0 ..) and train, of 3x3x1 images whose bytes follow from the id.
  FakeSource(int64_t test_samples, int64_t train_samples, int64_t shard_size) {
    info_.schema = ImageAndLabel({"a", "b", "c"});
    info_.splits = {{"test", 0, test_samples, {{3, 3, "path/0"}}},
                    {"train",
                     static_cast<uint64_t>(test_samples),
                     train_samples,
                     {{3, 3, "path/" + std::to_string(test_samples)}}}};
    info_.record_bytes = info_.samples() * 128;
    info_.shard_size = shard_size;
    info_.height = info_.width = 3;
    info_.channels = 1;
    info_.channel_mean = {0.5};
    info_.channel_std = {0.25};
  }

  const DatasetInfo& info() const override { return info_; }
  DatasetInfo& mutable_info() { return info_; }

  static ImageSample SampleOf(SampleId id) {
    ImageSample sample = {static_cast<int32_t>(id.value % 3), 3, 3, 1, std::string(9, '\0')};
    for (size_t i = 0; i < 9; ++i) sample.pixels[i] = static_cast<char>(id.value * 31 + i * 7);
    return sample;
  }
  Record RecordOf(SampleId id) const {
    return SampleOf(id).MakeRecord(id, "path/" + std::to_string(id.value), info_.schema);
  }

  Result<Record> Read(SampleId id) const override {
    MutexLock lock(&mutex_);
    while (held_) released_.Wait(&mutex_);
    ++single_reads_;
    if (damaged_.count(id) > 0) return DataLoss("sample " + std::to_string(id.value) + " fails");
    return RecordOf(id);
  }

  Result<std::vector<Record>> ReadRange(SampleId first, int64_t count) const override {
    MutexLock lock(&mutex_);
    while (held_) released_.Wait(&mutex_);
    ++range_reads_;
    std::vector<Record> records;
    for (int64_t i = 0; i < count; ++i) {
      const SampleId id(first.value + static_cast<uint64_t>(i));
      if (damaged_.count(id) > 0) return DataLoss("sample " + std::to_string(id.value) + " fails");
      records.push_back(RecordOf(id));
    }
    return records;
  }

  void Damage(SampleId id) {
    MutexLock lock(&mutex_);
    damaged_.insert(id);
  }
  void Hold() {
    MutexLock lock(&mutex_);
    held_ = true;
  }
  void Release() {
    MutexLock lock(&mutex_);
    held_ = false;
    released_.NotifyAll();
  }
  int64_t single_reads() const {
    MutexLock lock(&mutex_);
    return single_reads_;
  }
  int64_t range_reads() const {
    MutexLock lock(&mutex_);
    return range_reads_;
  }

 private:
  DatasetInfo info_;
  mutable Mutex mutex_;
  mutable CondVar released_;
  std::set<SampleId> damaged_ GUARDED_BY(mutex_);
  bool held_ GUARDED_BY(mutex_) = false;
  mutable int64_t single_reads_ GUARDED_BY(mutex_) = 0;
  mutable int64_t range_reads_ GUARDED_BY(mutex_) = 0;
};

}  // namespace lockstep::storage
