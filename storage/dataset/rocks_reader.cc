// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/rocks_reader.h"

#include <rocksdb/db.h>
#include <rocksdb/metadata.h>

#include <vector>

#include "base/exceptions.h"
#include "storage/dataset/rocks_options.h"

namespace lockstep::storage {
namespace {

rocksdb::ReadOptions CheckedReads() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  options.total_order_seek = true;
  return options;
}

}  // namespace

struct RocksReader::Core {
  struct FileRange {
    std::string name, smallest, largest;
  };

  ~Core() {
    if (db == nullptr) return;
    for (rocksdb::ColumnFamilyHandle* family : {samples, meta}) {
      if (family != nullptr) (void)db->DestroyColumnFamilyHandle(family);
    }
    (void)db->Close();
  }

  std::string directory;
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* samples = nullptr;
  rocksdb::ColumnFamilyHandle* meta = nullptr;
  std::vector<FileRange> files;  // of samples

  Result<std::string> Get(rocksdb::ColumnFamilyHandle* family, std::string_view key) const {
    return CatchAll("RocksDB", [&]() -> Result<std::string> {
      rocksdb::PinnableSlice value;
      const rocksdb::Status status = db->Get(CheckedReads(), family, ToSlice(key), &value);
      if (!status.ok()) return FromRocks(status, "RocksDB");
      return std::string(FromSlice(value));
    });
  }
};

RocksReader::RocksReader(std::unique_ptr<Core> core) : core_(std::move(core)) {}
RocksReader::~RocksReader() = default;

Result<std::unique_ptr<RocksReader>> RocksReader::Open(const std::string& directory) {
  return CatchAll("RocksDB", [&] { return OpenStore(directory); });
}

Result<std::unique_ptr<RocksReader>> RocksReader::OpenStore(const std::string& directory) {
  auto core = std::make_unique<Core>();
  core->directory = directory;
  const rocksdb::Options options = StoreOptions();
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, options}, {kMetaFamily, options}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  RETURN_IF_ERROR(FromRocks(rocksdb::DB::OpenForReadOnly(options, directory, families, &handles,
                                                         &raw, /*error_if_wal_file_exists=*/true),
                            "cannot open the RocksDB in '" + directory +
                                "' (`lockstep data verify` names the damaged files; import the "
                                "dataset again)"));
  core->db.reset(raw);
  core->samples = handles[0];
  core->meta = handles[1];
  std::vector<rocksdb::LiveFileMetaData> files;
  core->db->GetLiveFilesMetaData(&files);
  for (const rocksdb::LiveFileMetaData& file : files) {
    if (file.column_family_name != rocksdb::kDefaultColumnFamilyName) continue;
    const std::string name = file.name.substr(file.name.find_first_not_of('/'));
    core->files.push_back({name, file.smallestkey, file.largestkey});
  }
  return std::unique_ptr<RocksReader>(new RocksReader(std::move(core)));
}

Result<std::string> RocksReader::Get(std::string_view key) const {
  return core_->Get(core_->samples, key);
}

Result<std::string> RocksReader::GetMeta(std::string_view key) const {
  return core_->Get(core_->meta, key);
}

Status RocksReader::Scan(std::string_view first_key, const Visit& visit) const {
  return CatchAll("RocksDB", [&] { return ScanStore(first_key, visit); });
}

Status RocksReader::ScanStore(std::string_view first_key, const Visit& visit) const {
  const std::unique_ptr<rocksdb::Iterator> it(
      core_->db->NewIterator(CheckedReads(), core_->samples));
  for (it->Seek(ToSlice(first_key)); it->Valid(); it->Next()) {
    ASSIGN_OR_RETURN(const bool more, visit(FromSlice(it->key()), FromSlice(it->value())));
    if (!more) return {};
  }
  return FromRocks(it->status(), "RocksDB");
}

std::string RocksReader::FileOf(std::string_view key) const {
  for (const Core::FileRange& file : core_->files) {
    if (file.smallest <= key && key <= file.largest) return file.name;
  }
  return "";
}

}  // namespace lockstep::storage
