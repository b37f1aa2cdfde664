// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace lockstep {
namespace {

std::string Cannot(std::string_view verb, const std::string& path) {
  return "cannot " + std::string(verb) + " '" + path + "'";
}

// Owns a file descriptor. Close reports what the destructor cannot.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  int Close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

Status WriteAndSync(const std::string& path, std::string_view bytes) {
  FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file.open()) return ErrnoStatus(Cannot("create", path), errno);
  RETURN_IF_ERROR(WriteAll(file.get(), bytes, path));
  if (::fsync(file.get()) != 0) return ErrnoStatus(Cannot("sync", path), errno);
  if (file.Close() != 0) return ErrnoStatus(Cannot("close", path), errno);
  return OkStatus();
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

Result<std::string> ReadFile(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return ErrnoStatus(Cannot("open", path), errno);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return ErrnoStatus(Cannot("read", path), errno);
  std::string bytes;
  bytes.reserve(static_cast<size_t>(std::max<off_t>(info.st_size, 0)) + 1);
  char block[65536];
  while (true) {
    const ssize_t n = ::read(file.get(), block, sizeof block);
    if (n == 0) return bytes;
    if (n > 0) {
      bytes.append(block, static_cast<size_t>(n));
    } else if (errno != EINTR) {
      return ErrnoStatus(Cannot("read", path), errno);
    }
  }
}

Status WriteFileAtomic(const std::string& path, std::string_view bytes) {
  static std::atomic<uint64_t> count{0};
  const std::string temporary =
      path + ".tmp." + std::to_string(::getpid()) + "." + std::to_string(count.fetch_add(1));
  Status status = WriteAndSync(temporary, bytes);
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    status = ErrnoStatus("cannot rename '" + temporary + "' to '" + path + "'", errno);
  }
  if (!status.ok()) {
    ::unlink(temporary.c_str());  // may not be there; the first failure is the one to report
    return status;
  }
  return SyncFolder(FolderOf(path));
}

Status WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus(Cannot("write", path), errno);
    }
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return OkStatus();
}

Status CheckWritable(const std::string& path) {
  if (path.empty()) return InvalidArgument("the path is empty; expected that of a file");
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return AlreadyExists("'" + path + "' is there and is no regular file");
  }
  const std::string probe = path + ".probe." + std::to_string(::getpid());
  RETURN_IF_ERROR(WriteFileAtomic(probe, "x"));
  return RemoveFileIfExists(probe);
}

Status SyncFolder(const std::string& folder) {
  FileDescriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.open()) return ErrnoStatus(Cannot("open folder", folder), errno);
  if (::fsync(file.get()) != 0) return ErrnoStatus(Cannot("sync folder", folder), errno);
  return OkStatus();
}

Result<int64_t> FileSize(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return ErrnoStatus(Cannot("find the size of", path), errno);
  if (!S_ISREG(info.st_mode)) {
    return InvalidArgument("'" + path + "' is no regular file; expected one");
  }
  return static_cast<int64_t>(info.st_size);
}

bool FileExists(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

Status RemoveFileIfExists(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return OkStatus();
  return ErrnoStatus(Cannot("remove", path), errno);
}

Status MakeDirs(const std::string& path) {
  std::vector<std::string> missing;
  for (std::filesystem::path at = path; !at.empty() && !FileExists(at); at = at.parent_path()) {
    missing.push_back(at);
  }
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return ErrnoStatus(Cannot("make the folder", path), error.value());
  if (!std::filesystem::is_directory(path, error)) {
    return AlreadyExists("'" + path + "' is there and is no folder; remove it or name another");
  }
  for (const std::string& made : missing) {
    const Status synced = SyncFolder(FolderOf(made));
    // A folder that may be written to and not read cannot be opened, and so not be synced.
    if (!synced.ok() && synced.code() != StatusCode::kPermissionDenied) return synced;
  }
  return OkStatus();
}

Result<std::vector<std::string>> ListDir(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(path, error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    names.push_back(entry->path().filename().string());
    entry.increment(error);
  }
  if (error) return ErrnoStatus(Cannot("list the folder", path), error.value());
  std::sort(names.begin(), names.end());
  return names;
}

Status RemoveTree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return ErrnoStatus(Cannot("remove", path), error.value());
  return OkStatus();
}

}  // namespace lockstep
