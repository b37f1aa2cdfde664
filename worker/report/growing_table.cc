// SPDX-License-Identifier: Apache-2.0
#include "worker/report/growing_table.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/log.h"

namespace lockstep::worker {
namespace {

Status WithRemedy(const Status& status) {
  if (status.code() != StatusCode::kResourceExhausted) return status;
  return Status(status.code(),
                status.message() + "; free some space there or choose another place with --run");
}

}  // namespace

GrowingTable::~GrowingTable() {
  MutexLock lock(&mutex_);
  if (fd_ >= 0) ::close(fd_);
}

Status GrowingTable::Open(const std::string& path, const std::string& contents) {
  MutexLock lock(&mutex_);
  path_ = path;
  text_ = contents;
  return Replace();
}

Status GrowingTable::Replace() {
  RETURN_IF_ERROR(WithRemedy(WriteFileAtomic(path_, text_)));
  if (fd_ >= 0) ::close(fd_);
  fd_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd_ < 0) return ErrnoStatus("cannot open '" + path_ + "'", errno);
  return OkStatus();
}

Status GrowingTable::Append(const std::string& line) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(WithRemedy(WriteAll(fd_, line, path_)));
  text_ += line;
  return OkStatus();
}

Status GrowingTable::Sync(const std::function<Status()>& may_write) {
  std::string path, written;
  {
    MutexLock lock(&mutex_);
    path = path_;
    written = text_;
  }
  // The file is read without the lock, so rows may be added meanwhile. One that differs is looked
  // at again with it.
  const Result<std::string> found = ReadFile(path);
  if (!found.ok() || *found != written) RETURN_IF_ERROR(PutRight(may_write));
  int fd = -1;
  {
    MutexLock lock(&mutex_);
    fd = fd_;  // only a Sync replaces it
  }
  if (::fsync(fd) != 0) return ErrnoStatus("cannot sync '" + path + "'", errno);
  return OkStatus();
}

Status GrowingTable::PutRight(const std::function<Status()>& may_write) {
  MutexLock lock(&mutex_);
  const Result<std::string> found = ReadFile(path_);
  if (found.ok() && *found == text_) return OkStatus();
  const bool removed = found.status().code() == StatusCode::kNotFound;
  if (!found.ok() && !removed) return found.status();
  RETURN_IF_ERROR(may_write());
  LOG(kWarning) << "'" << path_ << "' was " << (removed ? "removed" : "changed")
                << " while the run went on; it is written again as the run wrote it";
  return Replace();
}

std::string GrowingTable::text() const {
  MutexLock lock(&mutex_);
  return text_;
}

}  // namespace lockstep::worker
