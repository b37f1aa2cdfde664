// SPDX-License-Identifier: Apache-2.0
#include "storage/source/folder_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "base/format.h"
#include "base/mutex.h"
#include "base/thread.h"
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

template <typename T>
void SortByPath(std::vector<T>* list) {
  std::sort(list->begin(), list->end(), [](const T& a, const T& b) { return a.path < b.path; });
}

template <typename T>
std::vector<T> MergeByPath(std::vector<T> a, std::vector<T> b) {
  if (b.empty()) return a;
  std::vector<T> both;
  both.reserve(a.size() + b.size());
  std::merge(std::make_move_iterator(a.begin()), std::make_move_iterator(a.end()),
             std::make_move_iterator(b.begin()), std::make_move_iterator(b.end()),
             std::back_inserter(both), [](const T& x, const T& y) { return x.path < y.path; });
  return both;
}

struct Folder {
  std::string path;  // relative to the source; empty: the source itself
  // Where links were followed on the way here: the canonical folders that hold those links.
  std::vector<std::string> links;
};

class FolderWalk {
 public:
  FolderWalk(int root, const std::string& name, const SourceOptions& options)
      : root_(root), name_(name), options_(options) {}

  Result<FolderListing> Run() {
    real_root_ = RealPath(name_);
    if (real_root_.empty()) return ErrnoStatus("cannot resolve the folder " + Quoted(name_), errno);
    {
      MutexLock lock(&mutex_);
      pending_.push_back({});
    }
    std::vector<Thread> others;
    for (int i = 1; i < options_.threads; ++i) {
      Result<Thread> other = Thread::Start("that lists a folder", [this] { Work(false); });
      if (!other.ok()) break;  // those there are do it all
      others.push_back(*std::move(other));
    }
    Work(true);
    for (Thread& thread : others) thread.Join();
    MutexLock lock(&mutex_);
    RETURN_IF_ERROR(failure_);
    return std::move(listing_);
  }

 private:
  // What one thread has found.
  struct Found : FolderListing {
    std::vector<Folder> folders;  // of the folder that it lists now
  };

  // Takes folders until none is left and no thread can find another. The first thread tells how far
  // all are.
  void Work(bool first) {
    Found found;
    for (;;) {
      Folder folder;
      {
        MutexLock lock(&mutex_);
        while (pending_.empty() && working_ > 0 && failure_.ok()) changed_.Wait(&mutex_);
        if (pending_.empty() || !failure_.ok()) break;
        folder = std::move(pending_.back());
        pending_.pop_back();
        ++working_;
      }
      const size_t before = found.files.size();
      const Status status = ListOne(folder, &found);
      int64_t count = 0;
      {
        MutexLock lock(&mutex_);
        --working_;
        count = count_ += static_cast<int64_t>(found.files.size() - before);
        if (!status.ok() && failure_.ok()) failure_ = status;
        std::move(found.folders.begin(), found.folders.end(), std::back_inserter(pending_));
        changed_.NotifyAll();
      }
      found.folders.clear();
      if (first && options_.progress) options_.progress({count, 0, -1});
    }
    SortByPath(&found.files);
    SortByPath(&found.rejected);
    MutexLock lock(&mutex_);
    listing_.files = MergeByPath(std::move(listing_.files), std::move(found.files));
    listing_.rejected = MergeByPath(std::move(listing_.rejected), std::move(found.rejected));
    listing_.hidden += found.hidden;
  }

  static void Reject(const std::string& path, std::string reason, Found* found) {
    found->rejected.push_back({PrintableName(path), std::move(reason)});
  }

  Status ListOne(const Folder& folder, Found* found) {
    const std::string shown = Quoted(PrintableName(UnderFolder(name_, folder.path)));
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
      if (seen % 256 == 0 && options_.stop != nullptr && options_.stop->load()) {
        return Cancelled("stopped while " + Quoted(name_) + " was listed");
      }
      errno = 0;
      const dirent* const entry = ::readdir(stream.get());
      if (entry == nullptr && errno != 0) {
        return ErrnoStatus("cannot list the folder " + shown, errno);
      }
      if (entry == nullptr) return {};
      RETURN_IF_ERROR(Enter(folder, fd, *entry, found));
    }
  }

  Status Enter(const Folder& folder, int fd, const dirent& entry, Found* found) {
    const std::string_view name = entry.d_name;
    if (name == "." || name == "..") return {};
    std::string path = folder.path.empty() ? entry.d_name : folder.path + "/" + entry.d_name;
    JudgedPath judged = JudgePath(path);
    if (judged.use == JudgedPath::Use::kHidden) {
      ++found->hidden;
      return {};
    }
    if (judged.use == JudgedPath::Use::kRejected) {
      found->rejected.push_back({std::move(judged.path), std::move(judged.reason)});
      return {};
    }
    if (entry.d_type == DT_DIR) {
      found->folders.push_back({std::move(path), folder.links});
      return {};
    }
    struct stat info {};
    if (::fstatat(fd, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
      return ErrnoStatus("cannot look at " + Quoted(UnderFolder(name_, path)), errno);
    }
    if (S_ISLNK(info.st_mode)) return EnterLink(folder, std::move(path), found);
    EnterFile(info, std::move(path), folder.links, found);
    return {};
  }

  // What is no link.
  static void EnterFile(const struct stat& info, std::string path,
                        const std::vector<std::string>& links, Found* found) {
    if (S_ISDIR(info.st_mode)) {
      found->folders.push_back({std::move(path), links});
    } else if (!S_ISREG(info.st_mode)) {
      Reject(path, "it is " + std::string(KindOf(info.st_mode)) + ", not a file", found);
    } else if (info.st_size > SourceFiles::kMostBytes) {
      Reject(path, "it has " + std::to_string(info.st_size) + " bytes; at most 2^31 - 1 are taken",
             found);
    } else {
      found->files.push_back({std::move(path), info.st_size});
    }
  }

  Status EnterLink(const Folder& folder, std::string path, Found* found) const {
    const std::string target = RealPath(UnderFolder(name_, path));
    struct stat info {};
    if (target.empty() || ::stat(target.c_str(), &info) != 0) {
      Reject(path,
             errno == ENOENT ? "it is a link that leads nowhere"
             : errno == ELOOP
                 ? "it is a link that leads around in a circle"
                 : std::string("it is a link that cannot be followed: ") + std::strerror(errno),
             found);
      return {};
    }
    if (!Inside(target, real_root_)) {
      Reject(path,
             "it is a link that leads out of the source, to " + Quoted(PrintableName(target)) +
                 "; copy what it leads to into the source",
             found);
      return {};
    }
    if (!S_ISDIR(info.st_mode)) {
      EnterFile(info, std::move(path), {}, found);
      return {};
    }
    std::vector<std::string> links = folder.links;
    links.push_back(RealPath(UnderFolder(name_, folder.path)));
    const bool circle = std::any_of(links.begin(), links.end(), [&](const std::string& holder) {
      return Inside(holder, target);
    });
    if (circle) {
      Reject(path, "it is a link to a folder that holds it: they would go around in a circle",
             found);
    } else if (links.size() > kMostLinks) {
      Reject(path, "it is the ninth link to a folder on its path; at most 8 are followed", found);
    } else {
      found->folders.push_back({std::move(path), std::move(links)});
    }
    return {};
  }

  const int root_;
  const std::string& name_;
  const SourceOptions& options_;
  std::string real_root_;
  Mutex mutex_;
  CondVar changed_;
  std::vector<Folder> pending_ GUARDED_BY(mutex_);
  int working_ GUARDED_BY(mutex_) = 0;  // threads that list a folder
  int64_t count_ GUARDED_BY(mutex_) = 0;
  Status failure_ GUARDED_BY(mutex_);
  FolderListing listing_ GUARDED_BY(mutex_);
};

}  // namespace

std::string UnderFolder(const std::string& folder, const std::string& path) {
  if (path.empty()) return folder;
  return folder == "/" ? "/" + path : folder + "/" + path;
}

Result<FolderListing> ListFolder(int root, const std::string& name, const SourceOptions& options) {
  return FolderWalk(root, name, options).Run();
}

}  // namespace lockstep::storage
