// SPDX-License-Identifier: Apache-2.0
#include "storage/source/open_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/format.h"

namespace lockstep::storage {

Result<OpenFile> OpenFile::ForReading(const std::string& path) {
  return ForReading(AT_FDCWD, path, path);
}

Result<OpenFile> OpenFile::ForReading(int folder, const std::string& path,
                                      const std::string& name) {
  // O_NONBLOCK: a FIFO must not block the open; regular files ignore it.
  const int fd = ::openat(folder, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return ErrnoStatus("cannot open " + Quoted(name), errno);
  OpenFile file(fd, name, 0);
  struct stat info {};
  if (::fstat(fd, &info) != 0) return ErrnoStatus("cannot look at " + Quoted(name), errno);
  if (!S_ISREG(info.st_mode)) {
    return InvalidArgument(Quoted(name) + " is no regular file; expected one");
  }
  file.size_ = info.st_size;
  return file;
}

OpenFile::OpenFile(OpenFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), name_(std::move(other.name_)), size_(other.size_) {}

OpenFile::~OpenFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<size_t> OpenFile::ReadSome(int64_t offset, char* out, size_t size) const {
  for (;;) {
    const ssize_t n = ::pread(fd_, out, size, offset);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return ErrnoStatus("cannot read " + Quoted(name_), errno);
  }
}

Status OpenFile::ReadAll(int64_t offset, char* out, size_t size) const {
  while (size > 0) {
    ASSIGN_OR_RETURN(const size_t n, ReadSome(offset, out, size));
    if (n == 0) {
      return DataLoss(Quoted(name_) + " ends at byte " + std::to_string(offset) +
                      "; more was expected: it has been changed or cut short");
    }
    offset += static_cast<int64_t>(n);
    out += n;
    size -= n;
  }
  return {};
}

}  // namespace lockstep::storage
