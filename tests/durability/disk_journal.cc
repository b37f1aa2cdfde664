// SPDX-License-Identifier: Apache-2.0
#include "tests/durability/disk_journal.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <utility>

#include "base/check.h"

namespace lockstep::tests {
namespace {

// Everything below is guarded by `mutex`, which a Look holds while it runs.
std::recursive_mutex mutex;
std::atomic<bool> recording{false};
std::string root;  // absolute
DiskJournal::Look look;
std::vector<DiskCall> calls;
std::set<std::string> known;                 // files seen so far
std::set<std::string> bytes_not_on_disk;     // files
std::set<std::string> names_not_on_disk;     // files and folders
std::map<std::string, int64_t> on_the_disk;  // file -> its size at its last fsync
std::vector<std::string> early;

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

bool IsBelow(const std::string& path, const std::string& folder) {
  return folder == "." || path == folder || path.starts_with(folder + "/");
}

// Relative to the root; empty: not below it.
std::string Relative(const char* path) {
  std::error_code error;
  const std::string full = std::filesystem::absolute(path, error).lexically_normal();
  if (full == root) return ".";
  return full.starts_with(root + "/") ? full.substr(root.size() + 1) : std::string();
}

std::string PathOf(int fd) {
  char path[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t n = ::readlink(link.c_str(), path, sizeof path - 1);
  if (n <= 0) return "";
  path[n] = '\0';
  return Relative(path);
}

bool IsTrusted(const std::string& path) {
  for (const char* part : {".tmp", ".trash", ".importing-", ".aside", ".dbtmp", ".status"}) {
    if (path.find(part) != std::string::npos) return false;
  }
  return true;
}

template <typename Container, typename Change>
void MoveNames(Container* paths, const std::string& from, const std::string& to, Change change) {
  Container moved;
  for (auto it = paths->begin(); it != paths->end();) {
    auto node = paths->extract(it++);
    std::string& path = change(node);
    if (IsBelow(path, from)) {
      path = to + path.substr(from.size());
    } else if (IsBelow(path, to)) {
      continue;  // what stood there before
    }
    moved.insert(std::move(node));
  }
  *paths = std::move(moved);
}

void Rename(const std::string& from, const std::string& to) {
  const auto value = [](auto& node) -> std::string& { return node.value(); };
  MoveNames(&known, from, to, value);
  MoveNames(&bytes_not_on_disk, from, to, value);
  MoveNames(&names_not_on_disk, from, to, value);
  MoveNames(&on_the_disk, from, to, [](auto& node) -> std::string& { return node.key(); });
}

template <typename Container>
void Copy(Container* paths, const std::string& from, const std::string& to) {
  if (paths->count(from) != 0) paths->insert(to);
}

void JudgeName(const std::string& from, const std::string& to) {
  if (!IsTrusted(to)) return;
  for (const auto& [what, paths] : {std::pair("the bytes of ", &bytes_not_on_disk),
                                    std::pair("the name ", &names_not_on_disk)}) {
    for (const std::string& path : *paths) {
      const bool inside = path != from && IsBelow(path, from);
      if (inside || (path == from && paths == &bytes_not_on_disk)) {
        early.push_back(to + " was named while " + what + path + " could still be lost");
      }
    }
  }
}

void Record(DiskCall call) {
  if (look) look(call);
  calls.push_back(std::move(call));
}

void Written(int fd, const void* data, size_t size) {
  if (!recording.load()) return;
  const std::lock_guard lock(mutex);
  const std::string path = PathOf(fd);
  if (!recording.load() || path.empty()) return;
  Record({DiskCall::Kind::kWrite, path, "",
          std::string(static_cast<const char*>(data), std::min<size_t>(size, 65536))});
  bytes_not_on_disk.insert(path);
  if (known.insert(path).second) names_not_on_disk.insert(path);
}

// Processes die in these tests, machines do not: nothing needs to reach the disk.
int Synced(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return -1;
  if (!recording.load()) return 0;
  const std::lock_guard lock(mutex);
  const std::string path = PathOf(fd);
  if (!recording.load() || path.empty()) return 0;
  Record({DiskCall::Kind::kSync, path, "", ""});
  if (S_ISDIR(info.st_mode)) {
    std::erase_if(names_not_on_disk,
                  [&](const std::string& name) { return ParentOf(name) == path; });
  } else {
    bytes_not_on_disk.erase(path);
    on_the_disk[path] = info.st_size;
  }
  return 0;
}

enum class Naming { kRename, kExchange, kLink };

template <typename Make>
int Named(const char* from_path, const char* to_path, Naming naming, Make make) {
  if (!recording.load()) return static_cast<int>(make());
  const std::lock_guard lock(mutex);
  const std::string from = Relative(from_path), to = Relative(to_path);
  if (from.empty() || to.empty()) return static_cast<int>(make());
  Record({DiskCall::Kind::kName, to, from, ""});
  const auto early_before = early.size();
  JudgeName(from, to);
  const auto result = static_cast<int>(make());
  if (result != 0) {
    early.resize(early_before);
    return result;
  }
  if (naming == Naming::kLink) {
    Copy(&known, from, to);
    Copy(&bytes_not_on_disk, from, to);
    if (on_the_disk.count(from) != 0) on_the_disk[to] = on_the_disk[from];
    names_not_on_disk.insert(to);
    return 0;
  }
  const std::string aside = from + ".aside";
  if (naming == Naming::kExchange) Rename(to, aside);
  Rename(from, to);
  names_not_on_disk.insert(to);
  if (naming == Naming::kExchange) {
    Rename(aside, from);
    names_not_on_disk.insert(from);
  }
  return 0;
}

template <typename Make>
int Made(const char* folder, Make make) {
  if (!recording.load()) return static_cast<int>(make());
  const std::lock_guard lock(mutex);
  const std::string path = Relative(folder);
  const auto result = static_cast<int>(make());
  if (result != 0 || path.empty()) return result;
  Record({DiskCall::Kind::kName, path, "", ""});
  names_not_on_disk.insert(path);
  return 0;
}

template <typename Make>
int Removed(const std::string& path, Make make) {
  if (!recording.load()) return static_cast<int>(make());
  const std::lock_guard lock(mutex);
  const auto result = static_cast<int>(make());
  if (result != 0 || path.empty()) return result;
  Record({DiskCall::Kind::kRemove, path, "", ""});
  known.erase(path);
  bytes_not_on_disk.erase(path);
  names_not_on_disk.erase(path);
  on_the_disk.erase(path);
  return 0;
}

std::string Removable(const char* path) {
  const std::lock_guard lock(mutex);
  return recording.load() ? Relative(path) : std::string();
}

std::string RemovableAt(int fd, const char* name) {
  if (fd == AT_FDCWD || *name == '/') return Removable(name);
  const std::lock_guard lock(mutex);
  if (!recording.load()) return "";
  const std::string folder = PathOf(fd);
  if (folder.empty()) return "";
  return folder == "." ? std::string(name) : folder + "/" + name;
}

}  // namespace

DiskJournal::DiskJournal(const std::string& folder, Look on_call) {
  const std::lock_guard lock(mutex);
  CHECK(!recording.load()) << "one journal at a time";
  root = std::filesystem::canonical(folder);
  look = std::move(on_call);
  calls.clear();
  known.clear();
  bytes_not_on_disk.clear();
  names_not_on_disk.clear();
  on_the_disk.clear();
  early.clear();
  recording.store(true);
}

DiskJournal::~DiskJournal() {
  const std::lock_guard lock(mutex);
  recording.store(false);
  look = {};
}

std::vector<DiskCall> DiskJournal::Calls() const {
  const std::lock_guard lock(mutex);
  return calls;
}

std::set<std::string> DiskJournal::Unsynced() const {
  const std::lock_guard lock(mutex);
  std::set<std::string> all;
  for (const std::string& path : bytes_not_on_disk) all.insert("the bytes of " + path);
  for (const std::string& path : names_not_on_disk) all.insert("the name " + path);
  return all;
}

std::string DiskJournal::Synced(const std::string& path) const {
  const std::lock_guard lock(mutex);
  const auto found = on_the_disk.find(path);
  if (found == on_the_disk.end()) return "";
  std::ifstream file(root + "/" + path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  bytes.resize(std::min(bytes.size(), static_cast<size_t>(found->second)));
  return bytes;
}

std::vector<std::string> DiskJournal::EarlyNames() const {
  const std::lock_guard lock(mutex);
  return early;
}

}  // namespace lockstep::tests

namespace journal = lockstep::tests;

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  if (fd > 2) journal::Written(fd, data, size);
  return ::syscall(SYS_write, fd, data, size);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  journal::Written(fd, data, size);
  return ::syscall(SYS_pwrite64, fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return ::pwrite(fd, data, size, offset);
}

int fsync(int fd) { return journal::Synced(fd); }

int fdatasync(int fd) { return journal::Synced(fd); }

int rename(const char* from, const char* to) noexcept {
  return journal::Named(from, to, journal::Naming::kRename,
                        [&] { return ::syscall(SYS_rename, from, to); });
}

int renameat2(int from_fd, const char* from, int to_fd, const char* to,
              unsigned int flags) noexcept {
  const bool exchange = (flags & RENAME_EXCHANGE) != 0;
  return journal::Named(from, to, exchange ? journal::Naming::kExchange : journal::Naming::kRename,
                        [&] { return ::syscall(SYS_renameat2, from_fd, from, to_fd, to, flags); });
}

int link(const char* from, const char* to) noexcept {
  return journal::Named(from, to, journal::Naming::kLink,
                        [&] { return ::syscall(SYS_link, from, to); });
}

int unlink(const char* path) noexcept {
  return journal::Removed(journal::Removable(path), [&] { return ::syscall(SYS_unlink, path); });
}

int unlinkat(int fd, const char* path, int flags) noexcept {
  return journal::Removed(journal::RemovableAt(fd, path),
                          [&] { return ::syscall(SYS_unlinkat, fd, path, flags); });
}

int rmdir(const char* path) noexcept {
  return journal::Removed(journal::Removable(path), [&] { return ::syscall(SYS_rmdir, path); });
}

int remove(const char* path) noexcept {
  return ::unlink(path) == 0 || (errno == EISDIR && ::rmdir(path) == 0) ? 0 : -1;
}

int mkdir(const char* path, mode_t mode) noexcept {
  return journal::Made(path, [&] { return ::syscall(SYS_mkdir, path, mode); });
}

}  // extern "C"
