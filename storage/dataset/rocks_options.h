// SPDX-License-Identifier: Apache-2.0
// What the RocksDB reader and writer of the dataset store share. Internal: the only header here
// that includes RocksDB's.
#pragma once

#include <rocksdb/options.h>
#include <rocksdb/slice.h>
#include <rocksdb/status.h>

#include <string_view>

#include "base/status.h"

namespace lockstep::storage {

inline constexpr char kMetaFamily[] = "meta";

// How many data files RocksDB holds open at once; those used longest ago are closed for others. The
// files that an import makes (IdsPerFile) all fit.
inline constexpr int kMostOpenFiles = 768;

// Our own options, always: an OPTIONS file is neither kept nor read. There are no log files, no
// background work and no block cache (a second read is a second read); every checksum is verified.
rocksdb::Options StoreOptions();

inline rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view FromSlice(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// RocksDB's status as ours: corruption is data-loss, no space resource-exhausted.
Status FromRocks(const rocksdb::Status& status, std::string_view what);

}  // namespace lockstep::storage
