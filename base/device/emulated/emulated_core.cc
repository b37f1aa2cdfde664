// SPDX-License-Identifier: Apache-2.0
#include "base/device/emulated/emulated_core.h"

#include <iterator>
#include <utility>

#include "base/process_limits.h"

namespace lockstep {

Status EmulatedCore::Call(const std::string& what) {
  MutexLock lock(&mutex_);
  const int64_t call = ++counts_.calls;
  if (call != failing_call_) return OkStatus();
  return Unavailable("emulated device: " + what + " failed, call " + std::to_string(call) +
                     ", as it was told to");
}

void EmulatedCore::FailCall(int64_t nth) {
  MutexLock lock(&mutex_);
  failing_call_ = nth == 0 ? 0 : counts_.calls + nth;
}

EmulatedCounts EmulatedCore::counts() const {
  MutexLock lock(&mutex_);
  return counts_;
}

void EmulatedCore::CountLaunch() {
  MutexLock lock(&mutex_);
  ++counts_.launches;
}

void EmulatedCore::CountWait() {
  MutexLock lock(&mutex_);
  ++counts_.host_waits;
}

void EmulatedCore::CountCopy(size_t bytes) {
  MutexLock lock(&mutex_);
  ++counts_.copies;
  counts_.copied_bytes += static_cast<int64_t>(bytes);
}

void EmulatedCore::CountFill() {
  MutexLock lock(&mutex_);
  ++counts_.fills;
}

MemoryUse EmulatedCore::Use() const {
  MemoryUse use;
  use.ours = accounts_->by_what();
  use.total_bytes = memory_bytes_ > 0 ? memory_bytes_ : MachineMemory();
  use.free_bytes = use.total_bytes - use.ours_in_all();
  return use;
}

Status EmulatedCore::CheckRoom(size_t bytes, std::string_view what) const {
  const MemoryUse use = Use();
  if (use.free_bytes >= 0 && bytes <= static_cast<size_t>(use.free_bytes)) return OkStatus();
  const std::string ours = use.OursText();
  return ResourceExhausted(
      "emulated device: no memory for " + std::to_string(bytes) + " bytes of " + std::string(what) +
      ": " + std::to_string(use.free_bytes) + " of " + std::to_string(use.total_bytes) +
      " are free; this process has " + (ours.empty() ? "none" : ours));
}

void EmulatedCore::Add(const char* begin, size_t bytes, ptrdiff_t distance,
                       std::shared_ptr<void> keep) {
  MutexLock lock(&mutex_);
  living_[begin] = {bytes, distance, std::move(keep)};
}

void EmulatedCore::Remove(const char* begin) {
  std::shared_ptr<void> keep;  // it may free the memory: outside the lock
  MutexLock lock(&mutex_);
  const auto found = living_.find(begin);
  keep = std::move(found->second.keep);
  living_.erase(found);
}

EmulatedCore::Reached EmulatedCore::Reach(const void* address, size_t bytes) const {
  const char* const wanted = static_cast<const char*>(address);
  MutexLock lock(&mutex_);
  const auto after = living_.upper_bound(wanted);
  if (after == living_.begin()) return {};
  const auto& [begin, memory] = *std::prev(after);
  const auto offset = static_cast<size_t>(wanted - begin);
  if (offset >= memory.bytes) return {};
  return {const_cast<char*>(wanted) + memory.distance, memory.keep, bytes <= memory.bytes - offset};
}

void EmulatedCore::Hold(const std::string& stream) {
  MutexLock lock(&mutex_);
  held_.insert(stream);
}

void EmulatedCore::Release(const std::string& stream) {
  MutexLock lock(&mutex_);
  held_.erase(stream);
  released_.NotifyAll();
}

void EmulatedCore::PassGate(const std::string& stream, const bool* closing) {
  MutexLock lock(&mutex_);
  while (held_.contains(stream) && !*closing) released_.Wait(&mutex_);
}

void EmulatedCore::OpenForClosing(bool* closing) {
  MutexLock lock(&mutex_);
  *closing = true;
  released_.NotifyAll();
}

}  // namespace lockstep
