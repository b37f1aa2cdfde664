// SPDX-License-Identifier: Apache-2.0
// Sorted files of keys and values, and the RocksDB directory made of them, without a type of
// RocksDB.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lockstep::storage {

// One sorted file that is being written, by one thread at a time.
class SortedFile {
 public:
  static Result<std::unique_ptr<SortedFile>> Create(const std::string& path);
  ~SortedFile();
  Status Add(std::string_view key, std::string_view value);  // keys strictly increasing
  Status Finish();                                           // fsynced

 private:
  struct Core;
  explicit SortedFile(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

// Makes a RocksDB in the existing directory of sorted files whose key ranges do not overlap; the
// files are moved into it. What RocksDB leaves besides data, MANIFEST and CURRENT is removed.
Status BuildStore(const std::string& directory, const std::vector<std::string>& sample_files,
                  const std::vector<std::string>& meta_files);

}  // namespace lockstep::storage
