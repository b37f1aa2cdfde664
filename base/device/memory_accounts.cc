// SPDX-License-Identifier: Apache-2.0
#include "base/device/memory_accounts.h"

#include <utility>

namespace lockstep {

MemoryAccounts::Entry::Entry(std::shared_ptr<MemoryAccounts> accounts, std::string_view what,
                             size_t bytes)
    : accounts_(std::move(accounts)), what_(what), bytes_(static_cast<int64_t>(bytes)) {
  accounts_->Add(what_, bytes_);
}

MemoryAccounts::Entry::~Entry() { accounts_->Add(what_, -bytes_); }

std::map<std::string, int64_t, std::less<>> MemoryAccounts::by_what() const {
  MutexLock lock(&mutex_);
  return by_what_;
}

void MemoryAccounts::Add(const std::string& what, int64_t bytes) {
  MutexLock lock(&mutex_);
  int64_t& sum = by_what_[what];
  sum += bytes;
  if (sum == 0) by_what_.erase(what);
}

}  // namespace lockstep
