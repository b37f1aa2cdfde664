// SPDX-License-Identifier: Apache-2.0
// A disk or a file server that fails for a moment (EIO, ESTALE, a timeout) says nothing about the
// bytes: it is asked again before anybody gives up, and its failure is never taken for damage.
#pragma once

#include <chrono>
#include <thread>
#include <utility>

#include "base/status.h"

namespace lockstep::storage {

inline bool IsDiskFault(const Status& status) {
  return status.code() == StatusCode::kIoError || status.code() == StatusCode::kDeadlineExceeded;
}

inline const Status& StatusOf(const Status& status) { return status; }
template <typename T>
const Status& StatusOf(const Result<T>& result) {
  return result.status();
}

// Calls `read`, which returns a Status or a Result, up to three times while it meets a disk fault.
// It is for reading only: a failed write or fsync is never repeated.
template <typename Read>
auto RetryDiskFaults(Read&& read) {
  auto result = std::forward<Read>(read)();
  for (int retry = 1; retry < 3 && IsDiskFault(StatusOf(result)); ++retry) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100 * retry));
    result = read();
  }
  return result;
}

}  // namespace lockstep::storage
