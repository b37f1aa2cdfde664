// SPDX-License-Identifier: Apache-2.0
#include "storage/env/files.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace lockstep::storage {
namespace {

constexpr size_t kReadPiece = size_t{1} << 20;  // bytes between two looks at `advance`

class File {
 public:
  static Result<File> Open(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
    if (fd < 0) return ErrnoStatus("cannot open '" + path + "'", errno);
    return File(path, fd);
  }
  File(File&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }

  // Reads up to `size` bytes; 0 at the end.
  Result<size_t> Read(char* buffer, size_t size) {
    for (;;) {
      const ssize_t n = ::read(fd_, buffer, size);
      if (n >= 0) return static_cast<size_t>(n);
      if (errno != EINTR) return ErrnoStatus("cannot read '" + path_ + "'", errno);
    }
  }
  Status Sync() {
    if (::fsync(fd_) != 0) return ErrnoStatus("cannot fsync '" + path_ + "'", errno);
    return {};
  }
  Status Close() {
    const int fd = std::exchange(fd_, -1);
    if (::close(fd) != 0) return ErrnoStatus("cannot close '" + path_ + "'", errno);
    return {};
  }
  Result<struct stat> Stat() const {
    struct stat s;
    if (::fstat(fd_, &s) != 0) return ErrnoStatus("cannot stat '" + path_ + "'", errno);
    return s;
  }

 private:
  File(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_;
};

Result<File> OpenRegularFile(const std::string& path, int64_t* size) {
  // O_NONBLOCK: a FIFO must not block the open; regular files ignore it.
  ASSIGN_OR_RETURN(File file, File::Open(path, O_RDONLY | O_NONBLOCK));
  ASSIGN_OR_RETURN(const struct stat s, file.Stat());
  if (!S_ISREG(s.st_mode)) {
    return InvalidArgument("'" + path + "' is " + (S_ISDIR(s.st_mode) ? "a directory" : "special") +
                           "; expected a regular file");
  }
  *size = s.st_size;
  return file;
}

}  // namespace

Result<std::string> ReadRegularFile(const std::string& path, int64_t limit,
                                    const Advance& advance) {
  int64_t size = 0;
  ASSIGN_OR_RETURN(File file, OpenRegularFile(path, &size));
  if (size > limit) {
    return DataLoss("'" + path + "' has " + std::to_string(size) + " bytes, at most " +
                    std::to_string(limit) + " expected");
  }
  std::string bytes(static_cast<size_t>(size), '\0');
  size_t filled = 0;
  while (filled < bytes.size()) {
    const size_t piece = std::min(kReadPiece, bytes.size() - filled);
    ASSIGN_OR_RETURN(const size_t n, file.Read(bytes.data() + filled, piece));
    if (n == 0) break;
    filled += n;
    if (advance) RETURN_IF_ERROR(advance(static_cast<int64_t>(n)));
  }
  bytes.resize(filled);
  return bytes;
}

Result<FileHash> HashFile(const std::string& path, const Advance& advance) {
  int64_t size = 0;
  ASSIGN_OR_RETURN(File file, OpenRegularFile(path, &size));
  const auto buffer = std::make_unique_for_overwrite<char[]>(kReadPiece);
  Hasher hasher;
  FileHash result;
  for (;;) {
    ASSIGN_OR_RETURN(const size_t n, file.Read(buffer.get(), kReadPiece));
    if (n == 0) break;
    hasher.Update(buffer.get(), n);
    result.size += static_cast<int64_t>(n);
    if (advance) RETURN_IF_ERROR(advance(static_cast<int64_t>(n)));
  }
  result.hash = hasher.Digest128();
  return result;
}

bool PathExists(const std::string& path) {
  struct stat s;
  return ::lstat(path.c_str(), &s) == 0;
}

bool IsDirectory(const std::string& path) {
  struct stat s;
  return ::stat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode);
}

Status MakeDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0) {
    return ErrnoStatus("cannot make directory '" + path + "'", errno);
  }
  return {};
}

Status SyncFile(const std::string& path) {
  ASSIGN_OR_RETURN(File file, File::Open(path, O_RDONLY));
  RETURN_IF_ERROR(file.Sync());
  return file.Close();
}

Status RenameToNew(const std::string& from, const std::string& to) {
  const std::string what = "cannot rename '" + from + "' to '" + to + "'";
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno != EINVAL && errno != ENOSYS) return ErrnoStatus(what, errno);
  // A file system without RENAME_NOREPLACE. A directory never replaces a filled one or a file.
  if (PathExists(to)) return ErrnoStatus(what, EEXIST);
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return ErrnoStatus(what, errno == ENOTEMPTY ? EEXIST : errno);
  }
  return {};
}

Status ExchangeNames(const std::string& a, const std::string& b) {
  const std::string what = "cannot exchange '" + a + "' and '" + b + "'";
  if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return {};
  if (errno != EINVAL && errno != ENOSYS) return ErrnoStatus(what, errno);
  const std::string aside = a + ".aside";
  if (::rename(b.c_str(), aside.c_str()) != 0) return ErrnoStatus(what, errno);
  if (::rename(a.c_str(), b.c_str()) != 0) {
    const int error = errno;
    if (::rename(aside.c_str(), b.c_str()) != 0) {
      return ErrnoStatus(what + "; '" + b + "' is now at '" + aside + "'", error);
    }
    return ErrnoStatus(what, error);
  }
  if (::rename(aside.c_str(), a.c_str()) != 0) return ErrnoStatus(what, errno);
  return {};
}

std::string UniqueSuffix() {
  Hash128Value words;
  // Never fails nor waits once the machine is up: for up to 256 bytes it returns all or none.
  const ssize_t n = ::getrandom(&words, sizeof words, 0);
  CHECK_EQ(n, static_cast<ssize_t>(sizeof words)) << "getrandom gives no random bytes";
  return words.ToHex();
}

std::string WithoutTrailingSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string ParentOf(const std::string& path) {
  const std::string p = WithoutTrailingSlash(path);
  const size_t slash = p.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : p.substr(0, slash);
}

std::string BaseNameOf(const std::string& path) {
  const std::string p = WithoutTrailingSlash(path);
  const size_t slash = p.rfind('/');
  return slash == std::string::npos || p.size() == 1 ? p : p.substr(slash + 1);
}

}  // namespace lockstep::storage
