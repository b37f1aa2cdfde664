// SPDX-License-Identifier: Apache-2.0
// Status and Result<T>: how Lockstep reports everything that a person, a disk, a peer or the
// network can cause. A broken invariant of our own is CHECK (base/check.h) instead.
//
// A message names the thing, the value, what was expected and what to do about it.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace lockstep {

// A closed set. `ExitCodeOf` maps each to the documented exit code (docs/errors.md).
enum class StatusCode {
  kOk,
  kInvalidArgument,     // the command line or a recipe says something impossible
  kNotFound,            // a file, dataset or run that should be there is not
  kAlreadyExists,       // refusing to overwrite
  kDataLoss,            // bytes that fail their checksum, a truncated or foreign file
  kIoError,             // the operating system refused to read or write
  kResourceExhausted,   // disk full, out of memory
  kPermissionDenied,    // not allowed to read or write
  kDeadlineExceeded,    // a peer or a disk did not answer in time
  kUnavailable,         // a peer is gone
  kCancelled,           // stopped on request
  kSuperseded,          // a newer generation of the run has begun
  kNonFinite,           // the loss or a gradient became NaN or infinite
  kFailedPrecondition,  // the environment is not what the operation needs
  kInternal,            // a dependency failed in a way that has no better name
};

std::string_view StatusCodeName(StatusCode code);

// The process exit code for a failure of this kind; 0 for kOk. Listed in docs/errors.md.
int ExitCodeOf(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // This failure with "context: " before its message; OK stays OK.
  Status WithContext(std::string_view context) const;
  // "data-loss: shard 3: ..." or "ok".
  std::string ToString() const;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

inline Status OkStatus() { return {}; }
Status InvalidArgument(std::string message);
Status NotFound(std::string message);
Status AlreadyExists(std::string message);
Status DataLoss(std::string message);
Status IoError(std::string message);
Status ResourceExhausted(std::string message);
Status PermissionDenied(std::string message);
Status DeadlineExceeded(std::string message);
Status Unavailable(std::string message);
Status Cancelled(std::string message);
Status Superseded(std::string message);
Status NonFinite(std::string message);
Status FailedPrecondition(std::string message);
Status Internal(std::string message);

// A failed system call: `what` ("cannot open 'x'"), errno's text, and the code errno asks for
// (ENOSPC and EDQUOT: resource-exhausted; EACCES, EPERM, EROFS: permission-denied; ENOENT:
// not-found; EEXIST: already-exists; otherwise io-error).
Status ErrnoStatus(std::string_view what, int error_number);

std::ostream& operator<<(std::ostream& out, const Status& status);

// A value or the Status that explains why there is none. Reading the value of a failed Result is
// a broken invariant and stops the process.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT: implicit on purpose
  Result(Status status) : status_(std::move(status)) {  // NOLINT: implicit on purpose
    CHECK(!status_.ok()) << "a Result made from a Status needs a failed one";
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  T& value() & {
    CHECK(ok()) << status_.ToString();
    return *value_;
  }
  const T& value() const& {
    CHECK(ok()) << status_.ToString();
    return *value_;
  }
  T&& value() && {
    CHECK(ok()) << status_.ToString();
    return *std::move(value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace lockstep

#define LOCKSTEP_CONCAT_INNER(a, b) a##b
#define LOCKSTEP_CONCAT(a, b) LOCKSTEP_CONCAT_INNER(a, b)

// Returns from the calling function when `expr` (a Status) is a failure.
#define RETURN_IF_ERROR(expr)                                           \
  do {                                                                  \
    if (::lockstep::Status status_macro = (expr); !status_macro.ok()) { \
      return status_macro;                                              \
    }                                                                   \
  } while (false)

// ASSIGN_OR_RETURN(auto x, MakeX()); declares x or returns the failure.
#define ASSIGN_OR_RETURN(lhs, expr) \
  ASSIGN_OR_RETURN_INNER(LOCKSTEP_CONCAT(result_macro_, __LINE__), lhs, expr)
#define ASSIGN_OR_RETURN_INNER(result, lhs, expr) \
  auto result = (expr);                           \
  if (!result.ok()) return result.status();       \
  lhs = *std::move(result)
