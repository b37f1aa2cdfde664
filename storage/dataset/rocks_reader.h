// SPDX-License-Identifier: Apache-2.0
// The RocksDB directory of a dataset, opened read-only. It shows no types of RocksDB and does not
// know what values mean; Dataset does. Every method may be called by any number of threads at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lockstep::storage {

class RocksReader {
 public:
  // Opens a few of the data files (their indexes, not their records); the others are opened when
  // they are read. Writes nothing.
  static Result<std::unique_ptr<RocksReader>> Open(const std::string& directory);
  ~RocksReader();

  // Fails with not-found if there is no such key; data-loss where a block fails its checksum.
  Result<std::string> Get(std::string_view key) const;
  Result<std::string> GetMeta(std::string_view key) const;

  // Calls `visit` with the pairs from `first_key` on, in key order, until it returns false or fails
  // or there are no more.
  using Visit = std::function<Result<bool>(std::string_view key, std::string_view value)>;
  Status Scan(std::string_view first_key, const Visit& visit) const;

  // The name of the data file whose range holds a sample's key; empty if none does.
  std::string FileOf(std::string_view key) const;

 private:
  struct Core;
  explicit RocksReader(std::unique_ptr<Core> core);
  static Result<std::unique_ptr<RocksReader>> OpenStore(const std::string& directory);
  Status ScanStore(std::string_view first_key, const Visit& visit) const;
  std::unique_ptr<Core> core_;
};

}  // namespace lockstep::storage
