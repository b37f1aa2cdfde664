// SPDX-License-Identifier: Apache-2.0
// Keys and values of the ledger on disk: a RocksDB, which only ledger_store.cc knows. Every write
// is one batch; every failure is a Status, and whoever opens it decides to build it anew.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace lockstep::coordinator {

class LedgerStore {
 public:
  // Opens or makes it, and reads every entry once, checksums and all. Fails with kUnavailable where
  // another process (or this one) has it open; any other failure means that it or its disk is
  // damaged.
  static Result<std::unique_ptr<LedgerStore>> Open(const std::string& directory);
  ~LedgerStore();

  using Entries = std::vector<std::pair<std::string, std::string>>;  // key, value
  // Writes one batch; with `sync` it is on the disk when this returns.
  Status Put(const Entries& entries, bool sync);
  Status RemovePrefix(std::string_view prefix);
  // Fails with not-found where there is none.
  Result<std::string> Get(std::string_view key) const;
  using Visit = std::function<void(std::string_view key, std::string_view value)>;
  Status Scan(std::string_view prefix, const Visit& visit) const;

 private:
  class Core;
  explicit LedgerStore(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

// Whether files in `folder` can be locked as RocksDB locks its own (some network file systems
// cannot); the failure says why not. Leaves nothing behind.
Status CheckLocksWork(const std::string& folder);

}  // namespace lockstep::coordinator
