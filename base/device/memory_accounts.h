// SPDX-License-Identifier: Apache-2.0
// MemoryAccounts: what a device has lent, by purpose. It is shared by the device and its buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace lockstep {

class MemoryAccounts {
 public:
  // An entry: the bytes are counted while it lives.
  class Entry {
   public:
    Entry(std::shared_ptr<MemoryAccounts> accounts, std::string_view what, size_t bytes);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    const std::shared_ptr<MemoryAccounts> accounts_;
    const std::string what_;
    const int64_t bytes_;
  };

  std::map<std::string, int64_t, std::less<>> by_what() const EXCLUDES(mutex_);

 private:
  void Add(const std::string& what, int64_t bytes) EXCLUDES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, int64_t, std::less<>> by_what_ GUARDED_BY(mutex_);
};

}  // namespace lockstep
