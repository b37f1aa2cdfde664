// SPDX-License-Identifier: Apache-2.0
// The file system of a run directory, and shared memory.
#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/clock.h"
#include "base/file.h"
#include "base/spread.h"
#include "cluster/doctor/checks.h"
#include "worker/model/memory_report.h"

namespace lockstep::cluster {
namespace {

using worker::BytesText;

constexpr int64_t kLittleDisk = int64_t{1} << 30;
constexpr double kSlowSyncMs = 100.0;
constexpr int kSyncs = 7;

struct FileSystemKind {
  uint32_t magic;  // statfs(2), f_type
  const char* name;
  bool network;
};
constexpr FileSystemKind kKinds[] = {
    {0x6969, "NFS", true},        {0x0bd00bd0, "Lustre", true}, {0x47504653, "GPFS", true},
    {0x19830326, "BeeGFS", true}, {0x00c36400, "Ceph", true},   {0x5346414f, "AFS", true},
    {0xff534d42, "CIFS", true},   {0xfe534d42, "SMB", true},    {0x01021997, "9p", true},
    {0x65735546, "FUSE", true},   {0x01021994, "tmpfs", false}, {0xef53, "ext4", false},
    {0x58465342, "XFS", false},   {0x9123683e, "btrfs", false}, {0x794c7630, "overlay", false},
    {0x2fc12fc1, "ZFS", false},
};

FileSystemKind KindOf(const std::string& folder) {
  struct statfs info {};
  if (statfs(folder.c_str(), &info) != 0) return {0, "unknown", false};
  for (const FileSystemKind& kind : kKinds) {
    if (kind.magic == static_cast<uint32_t>(info.f_type)) return kind;
  }
  return {static_cast<uint32_t>(info.f_type), "another kind", false};
}

// The path, or the nearest folder above it that exists.
std::string ExistingFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::path at = std::filesystem::absolute(path, error).lexically_normal();
  while (!std::filesystem::is_directory(at, error) && at.has_relative_path()) at = at.parent_path();
  return at.string();
}

Status WriteAndSync(int file, std::string_view block, const std::string& path) {
  RETURN_IF_ERROR(WriteAll(file, block, path));
  if (fsync(file) != 0) return ErrnoStatus("cannot sync '" + path + "'", errno);
  return OkStatus();
}

// Median milliseconds of fsync after a write of 4 KiB to a file that is removed again. Its name is
// nobody else's: of no other process, on this machine or another that has the file system too.
Result<double> SyncMs(const std::string& folder) {
  std::string path = folder + "/.lockstep-doctor.XXXXXX";
  const int file = mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) return ErrnoStatus("cannot create '" + path + "'", errno);
  std::vector<double> ms;
  Status status;
  const std::string block(4096, 'x');
  for (int i = 0; i < kSyncs && status.ok(); ++i) {
    const TimePoint began = Clock::Real().Now();
    status = WriteAndSync(file, block, path);
    ms.push_back(std::chrono::duration<double, std::milli>(Clock::Real().Now() - began).count());
  }
  close(file);
  unlink(path.c_str());
  RETURN_IF_ERROR(status);
  return SpreadOf(ms).median;
}

Status CannotLookAt(const std::string& path) {
  return ErrnoStatus("cannot look at '" + path + "'", errno);
}

Finding CheckKind(const FileSystemKind& kind, const std::string& folder) {
  const std::string text = std::string(kind.name) + " at " + folder;
  if (std::string(kind.name) == "tmpfs") {
    return Warning("run file system", text + ": in memory, gone after a restart of the machine",
                   "choose a place on a disk with --run");
  }
  if (!kind.network) return Ok("run file system", text);
  return Ok("run file system",
            text + ": a network file system, right for ranks on several machines");
}

Finding CheckSpace(const std::string& folder) {
  struct statvfs info {};
  if (statvfs(folder.c_str(), &info) != 0) {
    return Problem("run disk space", CannotLookAt(folder).message(),
                   "choose another place with --run");
  }
  const auto free = static_cast<int64_t>(info.f_bavail) * static_cast<int64_t>(info.f_frsize);
  const std::string text = BytesText(free) + " free";
  if (free >= kLittleDisk) return Ok("run disk space", text);
  return Warning("run disk space", text,
                 "checkpoints need about 3 times the parameters each (checkpoint.keep_last of "
                 "them): free some, or choose another place with --run");
}

}  // namespace

Findings CheckRunDirectory(const std::string& path) {
  const std::string folder = ExistingFolder(path);
  Findings findings = {CheckKind(KindOf(folder), folder), CheckSpace(folder)};
  const Result<double> sync = SyncMs(folder);
  if (!sync.ok()) {
    findings.push_back(Problem("run disk writes", sync.status().message(),
                               "a run must write there: free space or change the permissions, or "
                               "choose another place with --run"));
    return findings;
  }
  char text[64];
  std::snprintf(text, sizeof text, "fsync of 4 KiB takes %.2f ms", *sync);
  findings.push_back(*sync < kSlowSyncMs
                         ? Ok("run disk writes", text)
                         : Warning("run disk writes", text,
                                   "every checkpoint waits for dozens of them: choose a faster "
                                   "disk with --run, or a larger checkpoint.every_steps"));
  return findings;
}

Finding CheckSharedMemory(const std::string& path) {
  constexpr int64_t kLittle = int64_t{65} << 20;  // container engines give 64 MiB unless asked
  struct statvfs info {};
  if (statvfs(path.c_str(), &info) != 0) {
    return Warning("shared memory", CannotLookAt(path).message(),
                   "MPI exchanges through it within a machine: mount a tmpfs there");
  }
  const auto size = static_cast<int64_t>(info.f_blocks) * static_cast<int64_t>(info.f_frsize);
  const auto free = static_cast<int64_t>(info.f_bavail) * static_cast<int64_t>(info.f_frsize);
  const std::string text = path + " has " + BytesText(free) + " free of " + BytesText(size);
  if (free >= kLittle) return Ok("shared memory", text);
  return Warning("shared memory", text,
                 "too little for many ranks of Open MPI on one machine: give the container more "
                 "(--shm-size=1g), or set OMPI_MCA_btl_vader_backing_directory=/tmp");
}

}  // namespace lockstep::cluster
