// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/rocks_writer.h"

#include <rocksdb/db.h>
#include <rocksdb/sst_file_writer.h>

#include "base/exceptions.h"
#include "storage/dataset/manifest.h"
#include "storage/dataset/rocks_options.h"
#include "storage/env/files.h"

namespace lockstep::storage {

namespace {

// The disk begins to write while the file grows, so that the fsync at its end is short.
rocksdb::EnvOptions WrittenMeanwhile() {
  rocksdb::EnvOptions options;
  options.bytes_per_sync = uint64_t{1} << 20;
  return options;
}

}  // namespace

struct SortedFile::Core {
  std::string path;
  rocksdb::SstFileWriter writer{WrittenMeanwhile(), StoreOptions()};
};

SortedFile::SortedFile(std::unique_ptr<Core> core) : core_(std::move(core)) {}
SortedFile::~SortedFile() = default;

Result<std::unique_ptr<SortedFile>> SortedFile::Create(const std::string& path) {
  return CatchAll("RocksDB", [&]() -> Result<std::unique_ptr<SortedFile>> {
    auto core = std::make_unique<Core>();
    core->path = path;
    RETURN_IF_ERROR(FromRocks(core->writer.Open(path), "cannot make '" + path + "'"));
    return std::unique_ptr<SortedFile>(new SortedFile(std::move(core)));
  });
}

Status SortedFile::Add(std::string_view key, std::string_view value) {
  return CatchAll("RocksDB", [&] {
    return FromRocks(core_->writer.Put(ToSlice(key), ToSlice(value)),
                     "cannot write '" + core_->path + "'");
  });
}

Status SortedFile::Finish() {
  return CatchAll("RocksDB", [&] {
    return FromRocks(core_->writer.Finish(), "cannot finish '" + core_->path + "'");
  });
}

namespace {

Status Ingest(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
              const std::vector<std::string>& files, const std::string& directory) {
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  options.write_global_seqno = false;  // the files stay as they were written
  return FromRocks(db->IngestExternalFile(family, files, options),
                   "cannot move the data files into '" + directory + "'");
}

Status IngestAll(const std::string& directory, const std::vector<std::string>& sample_files,
                 const std::vector<std::string>& meta_files) {
  rocksdb::Options options = StoreOptions();
  options.create_if_missing = true;
  options.error_if_exists = true;
  rocksdb::DB* raw = nullptr;
  const std::string what = "cannot make a RocksDB in '" + directory + "'";
  RETURN_IF_ERROR(FromRocks(rocksdb::DB::Open(options, directory, &raw), what));
  const std::unique_ptr<rocksdb::DB> db(raw);
  rocksdb::ColumnFamilyHandle* meta = nullptr;
  RETURN_IF_ERROR(FromRocks(db->CreateColumnFamily(options, kMetaFamily, &meta), what));
  Status status = Ingest(db.get(), db->DefaultColumnFamily(), sample_files, directory);
  if (status.ok()) status = Ingest(db.get(), meta, meta_files, directory);
  const rocksdb::Status destroyed = db->DestroyColumnFamilyHandle(meta);
  const rocksdb::Status closed = db->Close();
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(FromRocks(destroyed, what));
  return FromRocks(closed, what);
}

}  // namespace

Status BuildStore(const std::string& directory, const std::vector<std::string>& sample_files,
                  const std::vector<std::string>& meta_files) {
  RETURN_IF_ERROR(
      CatchAll("RocksDB", [&] { return IngestAll(directory, sample_files, meta_files); }));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(directory));
  for (const std::string& name : names) {
    const bool superfluous = name.starts_with("OPTIONS-") || name.starts_with("LOG") ||
                             name == "LOCK" || name == "IDENTITY" || name.ends_with(".log");
    if (superfluous) RETURN_IF_ERROR(RemoveTree(directory + "/" + name));
  }
  return {};
}

}  // namespace lockstep::storage
