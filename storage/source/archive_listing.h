// SPDX-License-Identifier: Apache-2.0
// ArchiveListing: what the entries of an archive become: files, rejected ones, hidden ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/source/source_files.h"

namespace lockstep::storage {

// One entry of an archive that is a file and is taken.
struct ArchiveFile {
  std::string path;
  int64_t bytes = 0;
  int64_t offset = 0;  // where it lies: what that means is said by who listed it
  int64_t entry = 0;   // its number in the archive, from 1
};

class ArchiveListing {
 public:
  // Judges the path of the next entry, a file of `bytes`, or -1 where that is not known yet.
  // Whether it is taken: then the caller adds it with Add, under the path that is put in `path`.
  bool Take(const std::string& raw, int64_t bytes, std::string* path);
  // The next entry is no file ("a symbolic link") or cannot be read: it is rejected with this
  // reason, unless it is hidden.
  void Reject(const std::string& raw, const std::string& reason);
  // A folder: an entry that gives nothing.
  void CountFolder() { ++entries_; }
  void Add(ArchiveFile file);  // `entry` is filled in

  // Sorts. Fails with invalid-argument, naming both entries, where two have one path.
  Status Finish(const std::string& archive);

  // After Finish.
  std::vector<ArchiveFile>& files() { return files_; }
  std::vector<RejectedFile>& rejected() { return rejected_; }
  int64_t hidden() const { return hidden_; }
  int64_t count() const { return static_cast<int64_t>(files_.size()); }

 private:
  std::vector<ArchiveFile> files_;
  std::vector<RejectedFile> rejected_;
  int64_t hidden_ = 0;
  int64_t entries_ = 0;
};

}  // namespace lockstep::storage
