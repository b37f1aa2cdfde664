// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/writer_disk.h"

#include <cerrno>
#include <cstring>

namespace lockstep::storage {

// The code does not say it, but the system's own words are in the message: ErrnoStatus puts them
// there, and RocksDB does.
bool IsFullDisk(const Status& status) {
  const auto says = [&](int error) {
    return status.message().find(std::strerror(error)) != std::string::npos;
  };
  return status.code() == StatusCode::kResourceExhausted && (says(ENOSPC) || says(EDQUOT));
}

Status ExplainFullDisk(const Status& status, const std::string& out) {
  if (!IsFullDisk(status)) return status;
  return ResourceExhausted("no space left for dataset '" + out +
                           "'; nothing of it is kept. Free some space there or choose another "
                           "--out (" +
                           status.message() + ")");
}

}  // namespace lockstep::storage
