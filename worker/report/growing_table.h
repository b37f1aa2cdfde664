// SPDX-License-Identifier: Apache-2.0
// GrowingTable: a table file that grows by whole lines. Lines are written at once, so a killed
// process loses none; Sync makes them survive the machine, and puts the file right where somebody
// has removed or changed it meanwhile: the text is kept in memory too (about 60 bytes per step).
#pragma once

#include <functional>
#include <string>

#include "base/mutex.h"
#include "base/status.h"

namespace lockstep::worker {

class GrowingTable {
 public:
  GrowingTable() = default;
  GrowingTable(const GrowingTable&) = delete;
  GrowingTable& operator=(const GrowingTable&) = delete;
  ~GrowingTable();

  // Replaces the file by `contents`, whole, and goes on behind it.
  Status Open(const std::string& path, const std::string& contents) EXCLUDES(mutex_);
  Status Append(const std::string& line) EXCLUDES(mutex_);
  // Any thread, one at a time. `may_write` is asked before a file that is not as it was written is
  // replaced: a process that has been superseded must not write over its successor's.
  Status Sync(const std::function<Status()>& may_write) EXCLUDES(mutex_);
  // All that was written.
  std::string text() const EXCLUDES(mutex_);

 private:
  Status PutRight(const std::function<Status()>& may_write) EXCLUDES(mutex_);
  Status Replace() REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::string path_ GUARDED_BY(mutex_);
  std::string text_ GUARDED_BY(mutex_);
  int fd_ GUARDED_BY(mutex_) = -1;
};

}  // namespace lockstep::worker
