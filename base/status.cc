// SPDX-License-Identifier: Apache-2.0
// The code table is the one place that ties a kind of failure to its name and its exit code.
#include "base/status.h"

#include <cerrno>
#include <cstring>

namespace lockstep {
namespace {

struct CodeInfo {
  StatusCode code;
  std::string_view name;
  int exit_code;
};

constexpr CodeInfo kCodes[] = {
    {StatusCode::kOk, "ok", 0},
    {StatusCode::kInvalidArgument, "invalid-argument", 64},
    {StatusCode::kNotFound, "not-found", 66},
    {StatusCode::kAlreadyExists, "already-exists", 73},
    {StatusCode::kDataLoss, "data-loss", 65},
    {StatusCode::kIoError, "io-error", 74},
    {StatusCode::kResourceExhausted, "resource-exhausted", 71},
    {StatusCode::kPermissionDenied, "permission-denied", 77},
    {StatusCode::kDeadlineExceeded, "deadline-exceeded", 68},
    {StatusCode::kUnavailable, "unavailable", 69},
    {StatusCode::kCancelled, "cancelled", 75},
    {StatusCode::kSuperseded, "superseded", 76},
    {StatusCode::kNonFinite, "non-finite", 79},
    {StatusCode::kFailedPrecondition, "failed-precondition", 78},
    {StatusCode::kInternal, "internal", 70},
};

const CodeInfo& InfoOf(StatusCode code) {
  for (const CodeInfo& info : kCodes) {
    if (info.code == code) return info;
  }
  CHECK(false) << "unknown status code " << static_cast<int>(code);
  return kCodes[0];
}

StatusCode CodeOfErrno(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EFBIG:
      return StatusCode::kResourceExhausted;
    case EACCES:
    case EPERM:
    case EROFS:
      return StatusCode::kPermissionDenied;
    case ENOENT:
    case ENOTDIR:
      return StatusCode::kNotFound;
    case EEXIST:
      return StatusCode::kAlreadyExists;
    case ETIMEDOUT:
      return StatusCode::kDeadlineExceeded;
    default:
      return StatusCode::kIoError;
  }
}

}  // namespace

std::string_view StatusCodeName(StatusCode code) { return InfoOf(code).name; }
int ExitCodeOf(StatusCode code) { return InfoOf(code).exit_code; }

Status Status::WithContext(std::string_view context) const {
  if (ok()) return *this;
  return Status(code_, std::string(context) + ": " + message_);
}

std::string Status::ToString() const {
  if (ok()) return "ok";
  return std::string(StatusCodeName(code_)) + ": " + message_;
}

Status InvalidArgument(std::string m) { return {StatusCode::kInvalidArgument, std::move(m)}; }
Status NotFound(std::string m) { return {StatusCode::kNotFound, std::move(m)}; }
Status AlreadyExists(std::string m) { return {StatusCode::kAlreadyExists, std::move(m)}; }
Status DataLoss(std::string m) { return {StatusCode::kDataLoss, std::move(m)}; }
Status IoError(std::string m) { return {StatusCode::kIoError, std::move(m)}; }
Status ResourceExhausted(std::string m) { return {StatusCode::kResourceExhausted, std::move(m)}; }
Status PermissionDenied(std::string m) { return {StatusCode::kPermissionDenied, std::move(m)}; }
Status DeadlineExceeded(std::string m) { return {StatusCode::kDeadlineExceeded, std::move(m)}; }
Status Unavailable(std::string m) { return {StatusCode::kUnavailable, std::move(m)}; }
Status Cancelled(std::string m) { return {StatusCode::kCancelled, std::move(m)}; }
Status Superseded(std::string m) { return {StatusCode::kSuperseded, std::move(m)}; }
Status NonFinite(std::string m) { return {StatusCode::kNonFinite, std::move(m)}; }
Status FailedPrecondition(std::string m) { return {StatusCode::kFailedPrecondition, std::move(m)}; }
Status Internal(std::string m) { return {StatusCode::kInternal, std::move(m)}; }

Status ErrnoStatus(std::string_view what, int error_number) {
  return Status(CodeOfErrno(error_number), std::string(what) + ": " + std::strerror(error_number));
}

std::ostream& operator<<(std::ostream& out, const Status& status) {
  return out << status.ToString();
}

}  // namespace lockstep
