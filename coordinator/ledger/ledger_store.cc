// SPDX-License-Identifier: Apache-2.0
#include "coordinator/ledger/ledger_store.h"

#include <fcntl.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include <cerrno>

#include "base/exceptions.h"

namespace lockstep::coordinator {
namespace {

class NoLog : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// Small and plain: the ledger is written once a second. A write-ahead log whose last record was cut
// off by a crash is fine; damage anywhere before it is not.
rocksdb::Options LedgerOptions() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.compression = rocksdb::kNoCompression;
  options.info_log = std::make_shared<NoLog>();
  options.write_buffer_size = 4 << 20;
  options.max_open_files = 64;
  options.max_file_opening_threads = 1;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.max_bgerror_resume_count = 0;
  return options;
}

rocksdb::ReadOptions CheckedReads() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  return options;
}

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view FromSlice(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

Status FromRocks(const rocksdb::Status& status, const std::string& directory) {
  if (status.ok()) return OkStatus();
  const std::string text = "ledger '" + directory + "': " + status.ToString();
  const auto says = [&](const char* words) { return text.find(words) != std::string::npos; };
  if (status.IsNotFound()) return NotFound(text);
  // The words of RocksDB's PosixFileSystem::LockFile: held elsewhere, held by this process.
  if (status.IsIOError() && (says("While lock file") || says("lock hold by current process"))) {
    return Unavailable(text);
  }
  if (status.IsNoSpace()) return ResourceExhausted(text);
  return status.IsIOError() ? IoError(text) : DataLoss(text);
}

}  // namespace

class LedgerStore::Core {
 public:
  std::string directory;
  std::unique_ptr<rocksdb::DB> db;
};

LedgerStore::LedgerStore(std::unique_ptr<Core> core) : core_(std::move(core)) {}
LedgerStore::~LedgerStore() = default;

Result<std::unique_ptr<LedgerStore>> LedgerStore::Open(const std::string& directory) {
  auto core = std::make_unique<Core>();
  core->directory = directory;
  RETURN_IF_ERROR(CatchAll("RocksDB", [&] {
    rocksdb::DB* raw = nullptr;
    const rocksdb::Status opened = rocksdb::DB::Open(LedgerOptions(), directory, &raw);
    core->db.reset(raw);
    return FromRocks(opened, directory);
  }));
  std::unique_ptr<LedgerStore> store(new LedgerStore(std::move(core)));
  RETURN_IF_ERROR(store->Scan("", [](std::string_view, std::string_view) {}));
  return store;
}

Status LedgerStore::Put(const Entries& entries, bool sync) {
  rocksdb::WriteBatch batch;
  for (const auto& [key, value] : entries) {
    RETURN_IF_ERROR(FromRocks(batch.Put(key, value), core_->directory));
  }
  rocksdb::WriteOptions options;
  options.sync = sync;
  return CatchAll("RocksDB",
                  [&] { return FromRocks(core_->db->Write(options, &batch), core_->directory); });
}

Status LedgerStore::RemovePrefix(std::string_view prefix) {
  rocksdb::WriteBatch batch;
  rocksdb::Status status;
  RETURN_IF_ERROR(Scan(prefix, [&](std::string_view key, std::string_view) {
    if (status.ok()) status = batch.Delete(ToSlice(key));
  }));
  if (status.ok()) status = core_->db->Write(rocksdb::WriteOptions(), &batch);
  return FromRocks(status, core_->directory);
}

Result<std::string> LedgerStore::Get(std::string_view key) const {
  std::string value;
  RETURN_IF_ERROR(
      FromRocks(core_->db->Get(CheckedReads(), ToSlice(key), &value), core_->directory));
  return value;
}

Status LedgerStore::Scan(std::string_view prefix, const Visit& visit) const {
  const std::unique_ptr<rocksdb::Iterator> it(core_->db->NewIterator(CheckedReads()));
  for (it->Seek(ToSlice(prefix)); it->Valid() && it->key().starts_with(ToSlice(prefix));
       it->Next()) {
    visit(FromSlice(it->key()), FromSlice(it->value()));
  }
  return FromRocks(it->status(), core_->directory);
}

Status CheckLocksWork(const std::string& folder) {
  const std::string path = folder + "/.lock-check-" + std::to_string(::getpid());
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus("cannot make a file in '" + folder + "'", errno);
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  Status status;
  if (::fcntl(fd, F_SETLK, &lock) != 0) {
    status = ErrnoStatus("files in '" + folder + "' cannot be locked", errno);
  }
  ::close(fd);
  ::unlink(path.c_str());
  return status;
}

}  // namespace lockstep::coordinator
