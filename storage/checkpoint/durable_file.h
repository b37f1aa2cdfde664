// SPDX-License-Identifier: Apache-2.0
// DurableFile: a new file, written once from front to end, hashed on the way, and on the disk when
// Finish says so. Every call's error is checked; none is repeated: after a failed fsync nobody
// knows what the disk has, so the file is thrown away. Internal to storage/checkpoint.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/status.h"

namespace lockstep::storage {

class DurableFile {
 public:
  // Its fault points are "KIND.open", "KIND.write" and "KIND.fsync"; all can fail.
  DurableFile(std::string path, std::string kind)
      : path_(std::move(path)), kind_(std::move(kind)) {}
  Status Create();  // already-exists if there is such a file
  ~DurableFile();
  DurableFile(const DurableFile&) = delete;
  DurableFile& operator=(const DurableFile&) = delete;

  // Fails with resource-exhausted where the disk, a quota or the process's file size limit is
  // reached (the limit's signal, SIGXFSZ, does not reach the program).
  Status Append(std::string_view bytes);
  Status Finish();  // fsync, close

  int64_t size() const { return size_; }
  Hash128Value hash() const { return hasher_.Digest128(); }

 private:
  Status WritePiece(std::string_view bytes);
  Status Failed(std::string_view verb, int error_number) const;

  std::string path_, kind_;
  int fd_ = -1;
  int64_t size_ = 0;
  Hasher hasher_;
};

}  // namespace lockstep::storage
