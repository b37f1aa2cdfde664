// SPDX-License-Identifier: Apache-2.0
#include "storage/source/folder_source.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/format.h"
#include "storage/env/disk_faults.h"
#include "storage/env/files.h"
#include "storage/source/open_file.h"
#include "storage/source/source_path.h"

namespace lockstep::storage {
namespace {

constexpr size_t kMostLinks = 8;

using Stream = std::unique_ptr<DIR, int (*)(DIR*)>;

// The canonical path; empty, with errno set, where there is none.
std::string RealPath(const std::string& path) {
  char* const real = ::realpath(path.c_str(), nullptr);
  const std::string result = real == nullptr ? "" : real;
  ::free(real);
  return result;
}

// Whether `path` is `folder` or lies in it; both canonical.
bool Inside(std::string_view path, std::string_view folder) {
  if (!path.starts_with(folder)) return false;
  return path.size() == folder.size() || folder == "/" || path[folder.size()] == '/';
}

std::string_view KindOf(mode_t mode) {
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

class FolderSource : public SourceFiles {
 public:
  FolderSource(int root, const std::string& name)
      : root_(root), name_(WithoutTrailingSlash(name)) {}
  ~FolderSource() override { ::close(root_); }

  Status List(const SourceOptions& options) {
    options_ = &options;
    real_root_ = RealPath(name_);
    if (real_root_.empty()) return ErrnoStatus("cannot resolve the folder " + Quoted(name_), errno);
    pending_.push_back({});
    while (!pending_.empty()) {
      const Folder folder = std::move(pending_.back());
      pending_.pop_back();
      RETURN_IF_ERROR(ListOne(folder));
      if (options.progress) options.progress({static_cast<int64_t>(files_.size()), 0, -1});
    }
    const auto by_path = [](const auto& a, const auto& b) { return a.path < b.path; };
    std::sort(files_.begin(), files_.end(), by_path);
    std::sort(rejected_.begin(), rejected_.end(), by_path);
    options_ = nullptr;
    return {};
  }

  Result<std::string> Read(size_t index) const override {
    return RetryDiskFaults([&] { return ReadOnce(files_[index]); });
  }

 private:
  struct Folder {
    std::string path;  // relative to the source; empty: the source itself
    // Where links were followed on the way here: the canonical folders that hold those links.
    std::vector<std::string> links;
  };

  std::string FullPath(const std::string& path) const {
    if (path.empty()) return name_;
    return name_ == "/" ? "/" + path : name_ + "/" + path;
  }

  void Reject(const std::string& path, std::string reason) {
    rejected_.push_back({PrintableName(path), std::move(reason)});
  }

  Status ListOne(const Folder& folder) {
    const std::string shown = Quoted(PrintableName(FullPath(folder.path)));
    const int fd = ::openat(root_, folder.path.empty() ? "." : folder.path.c_str(),
                            O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
      const Status status = ErrnoStatus("cannot list the folder " + shown, errno);
      if (status.code() != StatusCode::kPermissionDenied) return status;
      return PermissionDenied(status.message() +
                              "; make it readable (chmod u+rx), or take it out of the source");
    }
    const Stream stream(::fdopendir(fd), &::closedir);
    if (stream == nullptr) {
      const int error = errno;
      ::close(fd);
      return ErrnoStatus("cannot list the folder " + shown, error);
    }
    for (int64_t seen = 0;; ++seen) {
      if (seen % 256 == 0 && options_->stop != nullptr && options_->stop->load()) {
        return Cancelled("stopped while " + Quoted(name_) + " was listed");
      }
      errno = 0;
      const dirent* const entry = ::readdir(stream.get());
      if (entry == nullptr && errno != 0) {
        return ErrnoStatus("cannot list the folder " + shown, errno);
      }
      if (entry == nullptr) return {};
      RETURN_IF_ERROR(Enter(folder, fd, *entry));
    }
  }

  Status Enter(const Folder& folder, int fd, const dirent& entry) {
    const std::string_view name = entry.d_name;
    if (name == "." || name == "..") return {};
    std::string path = folder.path.empty() ? entry.d_name : folder.path + "/" + entry.d_name;
    JudgedPath judged = JudgePath(path);
    if (judged.use == JudgedPath::Use::kHidden) {
      ++hidden_;
      return {};
    }
    if (judged.use == JudgedPath::Use::kRejected) {
      rejected_.push_back({std::move(judged.path), std::move(judged.reason)});
      return {};
    }
    if (entry.d_type == DT_DIR) {
      pending_.push_back({std::move(path), folder.links});
      return {};
    }
    struct stat info {};
    if (::fstatat(fd, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
      return ErrnoStatus("cannot look at " + Quoted(FullPath(path)), errno);
    }
    if (S_ISLNK(info.st_mode)) return EnterLink(folder, std::move(path));
    EnterFile(info, std::move(path), folder.links);
    return {};
  }

  // What is no link.
  void EnterFile(const struct stat& info, std::string path, const std::vector<std::string>& links) {
    if (S_ISDIR(info.st_mode)) {
      pending_.push_back({std::move(path), links});
    } else if (!S_ISREG(info.st_mode)) {
      Reject(path, "it is " + std::string(KindOf(info.st_mode)) + ", not a file");
    } else if (info.st_size > kMostBytes) {
      Reject(path, "it has " + std::to_string(info.st_size) + " bytes; at most 2^31 - 1 are taken");
    } else {
      files_.push_back({std::move(path), info.st_size});
    }
  }

  Status EnterLink(const Folder& folder, std::string path) {
    const std::string target = RealPath(FullPath(path));
    struct stat info {};
    if (target.empty() || ::stat(target.c_str(), &info) != 0) {
      Reject(path, errno == ENOENT  ? "it is a link that leads nowhere"
                   : errno == ELOOP ? "it is a link that leads around in a circle"
                                    : std::string("it is a link that cannot be followed: ") +
                                          std::strerror(errno));
      return {};
    }
    if (!Inside(target, real_root_)) {
      Reject(path, "it is a link that leads out of the source, to " +
                       Quoted(PrintableName(target)) + "; copy what it leads to into the source");
      return {};
    }
    if (!S_ISDIR(info.st_mode)) {
      EnterFile(info, std::move(path), {});
      return {};
    }
    std::vector<std::string> links = folder.links;
    links.push_back(RealPath(FullPath(folder.path)));
    const bool circle = std::any_of(links.begin(), links.end(), [&](const std::string& holder) {
      return Inside(holder, target);
    });
    if (circle) {
      Reject(path, "it is a link to a folder that holds it: they would go around in a circle");
    } else if (links.size() > kMostLinks) {
      Reject(path, "it is the ninth link to a folder on its path; at most 8 are followed");
    } else {
      pending_.push_back({std::move(path), std::move(links)});
    }
    return {};
  }

  Result<std::string> ReadOnce(const SourceFile& file) const {
    const std::string name = FullPath(file.path);
    const std::string changed = Quoted(name) + " has changed since it was listed: ";
    const Result<OpenFile> open = OpenFile::ForReading(root_, file.path, name);
    if (!open.ok()) {
      if (open.status().code() == StatusCode::kNotFound) {
        return DataLoss(changed +
                        "it is not there any more; leave the source alone while it is imported");
      }
      if (open.status().code() == StatusCode::kInvalidArgument) {
        return DataLoss(open.status().message());
      }
      return open.status();
    }
    const std::string remedy = " bytes, it had " + std::to_string(file.bytes) +
                               "; leave the source alone while it is imported";
    if (open->size() != file.bytes) {
      return DataLoss(changed + "it has " + std::to_string(open->size()) + remedy);
    }
    // One byte more is asked for, to see a file that grows.
    std::string bytes(static_cast<size_t>(file.bytes) + 1, '\0');
    size_t filled = 0;
    while (filled < bytes.size()) {
      ASSIGN_OR_RETURN(const size_t n,
                       open->ReadSome(static_cast<int64_t>(filled), bytes.data() + filled,
                                      bytes.size() - filled));
      if (n == 0) break;
      filled += n;
    }
    if (filled != static_cast<size_t>(file.bytes)) {
      return DataLoss(changed + "it has " + (filled == bytes.size() ? "more than " : "") +
                      std::to_string(std::min(filled, bytes.size() - 1)) + remedy);
    }
    bytes.resize(filled);
    return bytes;
  }

  int root_;
  std::string name_;
  std::string real_root_;
  const SourceOptions* options_ = nullptr;  // while it is listed
  std::vector<Folder> pending_;
};

}  // namespace

Result<std::unique_ptr<SourceFiles>> OpenFolder(const SourceOptions& options) {
  const int root = ::open(options.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) {
    const Status status = ErrnoStatus("cannot list the folder " + Quoted(options.path), errno);
    if (status.code() != StatusCode::kPermissionDenied) return status;
    return PermissionDenied(status.message() + "; make it readable (chmod u+rx)");
  }
  auto source = std::make_unique<FolderSource>(root, options.path);
  RETURN_IF_ERROR(source->List(options));
  return std::unique_ptr<SourceFiles>(std::move(source));
}

}  // namespace lockstep::storage
