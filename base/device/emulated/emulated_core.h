// SPDX-License-Identifier: Apache-2.0
// EmulatedCore: what the emulated device shares with its streams, events and buffers: the memory
// that lives, counters, the call that is to fail, and the streams that stand still.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/device/device.h"
#include "base/device/emulated/walled_memory.h"
#include "base/device/memory_accounts.h"
#include "base/mutex.h"
#include "base/status.h"

namespace lockstep {

// What has been asked of an emulated device so far.
struct EmulatedCounts {
  int64_t calls = 0;       // of the device, its streams and events: each of them can fail
  int64_t launches = 0;    // of kernels
  int64_t host_waits = 0;  // Event::Wait
  int64_t copies = 0, copied_bytes = 0;
  int64_t fills = 0;
};

class EmulatedCore {
 public:
  explicit EmulatedCore(int64_t memory_bytes) : memory_bytes_(memory_bytes) {}

  // A call is made: counts it, and fails where it is the one that is to fail.
  Status Call(const std::string& what) EXCLUDES(mutex_);
  void FailCall(int64_t nth) EXCLUDES(mutex_);
  EmulatedCounts counts() const EXCLUDES(mutex_);
  void CountLaunch() EXCLUDES(mutex_);
  void CountWait() EXCLUDES(mutex_);
  void CountCopy(size_t bytes) EXCLUDES(mutex_);
  void CountFill() EXCLUDES(mutex_);

  // Whether so many more bytes fit; and the memory that is in use.
  Status CheckRoom(size_t bytes, std::string_view what) const;
  MemoryUse Use() const;
  const std::shared_ptr<MemoryAccounts>& accounts() const { return accounts_; }

  // Memory that kernels may reach. `keep` frees it when nobody holds it any more; `distance` leads
  // from its addresses to the bytes.
  void Add(const char* begin, size_t bytes, ptrdiff_t distance, std::shared_ptr<void> keep)
      EXCLUDES(mutex_);
  void Remove(const char* begin) EXCLUDES(mutex_);
  struct Reached {
    void* data = nullptr;        // null: `address` is in no memory of this device
    std::shared_ptr<void> keep;  // the memory lives as long
    bool whole = false;          // all of the bytes lie in it
  };
  Reached Reach(const void* address, size_t bytes) const EXCLUDES(mutex_);

  // Streams of that name stand still before their next piece of work until they are released.
  void Hold(const std::string& stream) EXCLUDES(mutex_);
  void Release(const std::string& stream) EXCLUDES(mutex_);
  // Blocks while the stream is held; `closing` is looked at under the core's lock.
  void PassGate(const std::string& stream, const bool* closing) EXCLUDES(mutex_);
  // Sets `closing`, which belongs to a stream that is being destroyed, and opens its gate.
  void OpenForClosing(bool* closing) EXCLUDES(mutex_);

 private:
  struct Living {
    size_t bytes;
    ptrdiff_t distance;
    std::shared_ptr<void> keep;
  };

  const int64_t memory_bytes_;  // 0: as much as there is
  const std::shared_ptr<MemoryAccounts> accounts_ = std::make_shared<MemoryAccounts>();
  mutable Mutex mutex_;
  CondVar released_;
  EmulatedCounts counts_ GUARDED_BY(mutex_);
  int64_t failing_call_ GUARDED_BY(mutex_) = 0;  // counts_.calls of the one that fails; 0: none
  std::set<std::string> held_ GUARDED_BY(mutex_);
  std::map<const char*, Living> living_ GUARDED_BY(mutex_);  // by where it begins
};

}  // namespace lockstep
