// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/rocks_options.h"

#include <rocksdb/env.h>
#include <rocksdb/table.h>

#include <cstring>
#include <memory>

namespace lockstep::storage {
namespace {

class NoLog : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace

rocksdb::Options StoreOptions() {
  rocksdb::BlockBasedTableOptions table;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  table.no_block_cache = true;
  table.cache_index_and_filter_blocks = false;

  rocksdb::Options options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kNoCompression;
  options.disable_auto_compactions = true;
  options.paranoid_checks = true;
  options.info_log = std::make_shared<NoLog>();
  options.max_open_files = kMostOpenFiles;
  options.max_file_opening_threads = 1;  // no threads of its own, which may not be to be had
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;
  options.max_bgerror_resume_count = 0;
  return options;
}

Status FromRocks(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return {};
  const std::string text = std::string(what) + ": " + status.ToString();
  const auto says = [&](int error) { return text.find(std::strerror(error)) != text.npos; };
  if (status.IsNoSpace() || says(ENOSPC) || says(EDQUOT)) return ResourceExhausted(text);
  if (status.IsCorruption()) return DataLoss(text);
  if (status.IsNotFound()) return NotFound(text);
  if (status.IsPathNotFound()) return DataLoss(text);  // a file that the store needs
  if (status.IsIOError())
    return says(EACCES) || says(EPERM) || says(EROFS) ? PermissionDenied(text) : IoError(text);
  if (status.IsMemoryLimit()) return ResourceExhausted(text);
  // What RocksDB finds wrong in bytes is sometimes "not supported" or an "invalid argument".
  return DataLoss(text);
}

}  // namespace lockstep::storage
