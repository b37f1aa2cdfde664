// SPDX-License-Identifier: Apache-2.0
#include "storage/checkpoint/durable_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "base/fault_point.h"

namespace lockstep::storage {
namespace {

constexpr size_t kPiece = size_t{4} << 20;  // hashed while it is in the cache

// A write beyond RLIMIT_FSIZE sends SIGXFSZ to the thread, which would end the program; here EFBIG
// is enough. The signal is held back, and taken out if it was this write's.
class FileSizeSignalHeld {
 public:
  FileSizeSignalHeld() {
    ::sigemptyset(&signal_);
    ::sigaddset(&signal_, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &signal_, &former_);
  }
  ~FileSizeSignalHeld() {
    const timespec no_wait{};
    while (::sigtimedwait(&signal_, nullptr, &no_wait) < 0 && errno == EINTR) {
    }
    ::pthread_sigmask(SIG_SETMASK, &former_, nullptr);
  }
  FileSizeSignalHeld(const FileSizeSignalHeld&) = delete;
  FileSizeSignalHeld& operator=(const FileSizeSignalHeld&) = delete;

 private:
  sigset_t signal_, former_;
};

}  // namespace

DurableFile::~DurableFile() {
  if (fd_ >= 0) ::close(fd_);
}

Status DurableFile::Failed(std::string_view verb, int error_number) const {
  return ErrnoStatus("cannot " + std::string(verb) + " '" + path_ + "'", error_number);
}

Status DurableFile::Create() {
  if (const int error = FaultPoint(kind_ + ".open")) return Failed("create", error);
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  return fd_ < 0 ? Failed("create", errno) : OkStatus();
}

Status DurableFile::Append(std::string_view bytes) {
  const FileSizeSignalHeld held;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kPiece);
    if (const int error = FaultPoint(kind_ + ".write")) return Failed("write", error);
    hasher_.Update(piece);
    RETURN_IF_ERROR(WritePiece(piece));
    size_ += static_cast<int64_t>(piece.size());
    bytes.remove_prefix(piece.size());
  }
  return {};
}

Status DurableFile::WritePiece(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("write", errno);
    // A disk may take less than asked for; the rest follows. Nothing at all would follow for ever.
    if (n == 0) return Failed("write", ENOSPC);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Status DurableFile::Finish() {
  if (const int error = FaultPoint(kind_ + ".fsync")) return Failed("fsync", error);
  if (::fsync(fd_) != 0) return Failed("fsync", errno);
  const int fd = std::exchange(fd_, -1);
  if (::close(fd) != 0) return Failed("close", errno);
  return {};
}

}  // namespace lockstep::storage
