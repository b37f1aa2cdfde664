// SPDX-License-Identifier: Apache-2.0
// The interposed calls of write_faults.h, and the proof that they are in the way.
#include "storage/env/testing/write_faults.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "storage/dataset/rocks_writer.h"
#include "storage/env/files.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::storage {
namespace {

std::atomic<bool> armed{false};
std::atomic<WriteFault> armed_fault{WriteFault::kCount};
std::atomic<int64_t> armed_nth{0};
std::atomic<int64_t> calls{0};

enum class Call { kWrite, kSync, kOther };

// Whether this call must fail. May not return.
bool Fails(Call kind) {
  if (!armed.load()) return false;
  const WriteFault fault = armed_fault.load();
  const bool no_space = fault == WriteFault::kNoSpace || fault == WriteFault::kNoSpaceOnce;
  if (no_space && kind != Call::kWrite) return false;
  if (fault == WriteFault::kFsyncOnce && kind != Call::kSync) return false;
  const int64_t call = calls.fetch_add(1) + 1;
  if (fault == WriteFault::kKill && call == armed_nth.load()) ::raise(SIGKILL);
  if (fault == WriteFault::kCount || fault == WriteFault::kKill) return false;
  return call == armed_nth.load() || (fault == WriteFault::kNoSpace && call > armed_nth.load());
}

int Sync(int fd) {
  if (Fails(Call::kSync)) {
    errno = EIO;
    return -1;
  }
  return ::fcntl(fd, F_GETFD) < 0 ? -1 : 0;
}

}  // namespace

void ArmWriteFault(WriteFault fault, int64_t nth) {
  armed_fault.store(fault);
  armed_nth.store(nth);
  calls.store(0);
  armed.store(true);
}

int64_t DisarmWriteFault() {
  armed.store(false);
  return calls.load();
}

}  // namespace lockstep::storage

namespace faults = lockstep::storage;

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  if (fd > 2 && faults::Fails(faults::Call::kWrite)) {
    errno = ENOSPC;
    return -1;
  }
  return ::syscall(SYS_write, fd, data, size);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  if (faults::Fails(faults::Call::kWrite)) {
    errno = ENOSPC;
    return -1;
  }
  return ::syscall(SYS_pwrite64, fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return ::pwrite(fd, data, size, offset);
}

// Processes die in these tests, machines do not: nothing needs to reach the disk, and tests that
// import hundreds of times are quick.
int fsync(int fd) { return faults::Sync(fd); }

int fdatasync(int fd) { return faults::Sync(fd); }

int rename(const char* from, const char* to) noexcept {
  (void)faults::Fails(faults::Call::kOther);
  return static_cast<int>(::syscall(SYS_rename, from, to));
}

int renameat2(int from_fd, const char* from, int to_fd, const char* to,
              unsigned int flags) noexcept {
  (void)faults::Fails(faults::Call::kOther);
  return static_cast<int>(::syscall(SYS_renameat2, from_fd, from, to_fd, to, flags));
}

int link(const char* from, const char* to) noexcept {
  (void)faults::Fails(faults::Call::kOther);
  return static_cast<int>(::syscall(SYS_link, from, to));
}

int unlink(const char* path) noexcept {
  (void)faults::Fails(faults::Call::kOther);
  return static_cast<int>(::syscall(SYS_unlink, path));
}

int unlinkat(int fd, const char* path, int flags) noexcept {
  (void)faults::Fails(faults::Call::kOther);
  return static_cast<int>(::syscall(SYS_unlinkat, fd, path, flags));
}

int rmdir(const char* path) noexcept {
  (void)faults::Fails(faults::Call::kOther);
  return static_cast<int>(::syscall(SYS_rmdir, path));
}

int mkdir(const char* path, mode_t mode) noexcept {
  (void)faults::Fails(faults::Call::kOther);
  return static_cast<int>(::syscall(SYS_mkdir, path, mode));
}

}  // extern "C"

namespace lockstep::storage {
namespace {

TEST(WriteFaults, ReachOurWritesAndThoseOfRocksDb) {
  const ScratchDirectory scratch;
  ArmWriteFault(WriteFault::kNoSpace, 1);
  const Status ours = WriteFileAtomic(scratch / "a", "x");
  DisarmWriteFault();
  EXPECT_EQ(ours.code(), StatusCode::kResourceExhausted) << ours;
  EXPECT_EQ(ListDir(scratch.path())->size(), 0u);

  const auto file = SortedFile::Create(scratch / "b.sst");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->Add("key", "value").ok());
  ArmWriteFault(WriteFault::kNoSpace, 1);
  const Status theirs = (*file)->Finish();
  DisarmWriteFault();
  EXPECT_EQ(theirs.code(), StatusCode::kResourceExhausted) << theirs;
}

TEST(WriteFaults, ReachFsync) {
  const ScratchDirectory scratch;
  ArmWriteFault(WriteFault::kFsyncOnce, 2);  // the folder's
  const Status folder = WriteFileAtomic(scratch / "a", "x");
  EXPECT_EQ(DisarmWriteFault(), 2);
  EXPECT_EQ(folder.code(), StatusCode::kIoError) << folder;
  ArmWriteFault(WriteFault::kFsyncOnce, 1);
  const Status file = WriteFileAtomic(scratch / "b", "x");
  EXPECT_EQ(DisarmWriteFault(), 1);
  EXPECT_EQ(file.code(), StatusCode::kIoError) << file;
  EXPECT_FALSE(PathExists(scratch / "b"));
}

}  // namespace
}  // namespace lockstep::storage
