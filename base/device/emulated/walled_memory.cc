// SPDX-License-Identifier: Apache-2.0
#include "base/device/emulated/walled_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace lockstep {
namespace {

size_t PageBytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

Status Refused(const char* call, size_t bytes, int error_number) {
  return ResourceExhausted("no memory for " + std::to_string(bytes) + " bytes behind a wall: " +
                           call + ": " + ErrnoStatus(call, error_number).message());
}

// Maps the file at `front`, without rights, and `span` further on, with them.
int MapTwice(int file, char* front, size_t span) {
  constexpr int kThere = MAP_SHARED | MAP_FIXED;
  if (mmap(front, span, PROT_NONE, kThere, file, 0) == MAP_FAILED) return errno;
  if (mmap(front + span, span, PROT_READ | PROT_WRITE, kThere, file, 0) == MAP_FAILED) return errno;
  return 0;
}

}  // namespace

size_t WalledMemory::Reserved(size_t span) { return 2 * span + PageBytes(); }

Result<std::unique_ptr<WalledMemory>> WalledMemory::Make(size_t bytes) {
  const size_t page = PageBytes();
  const size_t span = (bytes + page - 1) / page * page;
  void* const reserved =
      mmap(nullptr, Reserved(span), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return Refused("mmap", bytes, errno);
  char* const front = static_cast<char*>(reserved);
  std::unique_ptr<WalledMemory> memory(new WalledMemory(front, bytes, span));
  const int file = memfd_create("lockstep walled memory", MFD_CLOEXEC);
  if (file < 0) return Refused("memfd_create", bytes, errno);
  const int error =
      ftruncate(file, static_cast<off_t>(span)) != 0 ? errno : MapTwice(file, front, span);
  close(file);
  if (error != 0) return Refused("mmap", bytes, error);
  return memory;
}

WalledMemory::~WalledMemory() { munmap(front_, Reserved(span_)); }

}  // namespace lockstep
