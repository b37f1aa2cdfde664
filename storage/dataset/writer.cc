// SPDX-License-Identifier: Apache-2.0
// The plan. Ids are cut into ranges, and threads write the records of a range into a sorted file of
// its own, in any order, and what the columns say of them into another; what is learned of them
// (checksums, extreme sizes, counts) is kept by id or merged in a way that no order shows in the
// result. Finish then makes the digest, has RocksDB take the sorted files over, and writes the
// manifest; the directory's change of name comes last of all.
#include "storage/dataset/writer.h"

#include <algorithm>
#include <map>
#include <span>

#include "base/mutex.h"
#include "base/watch.h"
#include "storage/dataset/id_permutation.h"
#include "storage/dataset/import_directory.h"
#include "storage/dataset/info_codec.h"
#include "storage/dataset/manifest.h"
#include "storage/dataset/meta_values.h"
#include "storage/dataset/record.h"
#include "storage/dataset/rocks_writer.h"
#include "storage/dataset/split_check.h"
#include "storage/dataset/writer_disk.h"
#include "storage/dataset/writer_options.h"
#include "storage/env/files.h"

namespace lockstep::storage {
namespace {

constexpr char kScratchName[] = "ingest";  // sorted files before they are moved into the store

Status WriteSorted(const std::string& path, const std::map<std::string, std::string>& contents) {
  ASSIGN_OR_RETURN(const auto file, SortedFile::Create(path));
  for (const auto& [key, value] : contents) {
    RETURN_IF_ERROR(file->Add(key, SealMetaValue(key, value)));
  }
  return file->Finish();
}

// Writes the paths; the text of one value at a time is in memory.
Status WriteListing(const std::string& file_path, const std::vector<SplitListing>& splits) {
  std::map<std::string, std::span<const std::string>> parts;  // by their keys
  for (const SplitListing& split : splits) {
    const auto paths = std::span(split.paths);
    constexpr auto kMost = static_cast<size_t>(kPathsPerValue);
    for (size_t begin = 0; begin < paths.size(); begin += kMost) {
      const size_t count = std::min(kMost, paths.size() - begin);
      const auto chunk = static_cast<int64_t>(begin) / kPathsPerValue;
      parts[ListingKey(split.name, chunk)] = paths.subspan(begin, count);
    }
  }
  ASSIGN_OR_RETURN(const auto file, SortedFile::Create(file_path));
  for (const auto& [key, paths] : parts) {
    std::string text;
    for (const std::string& path : paths) (text += path) += '\n';
    RETURN_IF_ERROR(file->Add(key, SealMetaValue(key, text)));
  }
  return file->Finish();
}

// What was learned of the samples of some ranges.
struct Seen {
  std::vector<SplitLook> splits;  // in their order
  int64_t bytes = 0;              // of the records

  explicit Seen(const std::vector<SplitListing>& listings) {
    for (const SplitListing& listing : listings) splits.push_back({.name = listing.name});
  }
  void Merge(const Seen& other) {
    bytes += other.bytes;
    for (size_t s = 0; s < splits.size(); ++s) splits[s].Merge(other.splits[s]);
  }
};

}  // namespace

DatasetInfo InfoOf(const WriterOptions& options) {
  DatasetInfo info;
  info.schema = options.schema;
  info.shard_size = options.shard_size;
  info.channel_mean = options.channel_mean;
  info.channel_std = options.channel_std;
  info.source = options.source;
  info.source_fingerprint = options.source_fingerprint;
  info.rejected_for = options.rejected_for;
  info.rejected = options.rejected;
  uint64_t first = 0;
  for (const SplitListing& split : options.splits) {
    info.splits.push_back({split.name, first, static_cast<int64_t>(split.paths.size()), {}});
    first += split.paths.size();
  }
  return info;
}

class DatasetWriter::Core {
 public:
  Core(WriterOptions writer_options, ImportDirectory import_directory)
      : options(std::move(writer_options)),
        directory(std::move(import_directory)),
        info(InfoOf(options)),
        seen(options.splits) {
    for (const SplitListing& split : options.splits) {
      permutations.push_back(IdPermutation(split.paths));
    }
    if (options.ids_per_file <= 0) {
      options.ids_per_file = IdsPerFile(info.samples(), options.shard_size);
    }
    // A file holds whole shards, so that no value of the facts lies in two.
    options.ids_per_file +=
        (options.shard_size - options.ids_per_file % options.shard_size) % options.shard_size;
    checksums.resize(static_cast<size_t>(info.samples()));
    ranges_written.resize(static_cast<size_t>(Ranges()));
  }

  int64_t Ranges() const {
    return (info.samples() + options.ids_per_file - 1) / options.ids_per_file;
  }
  std::string Scratch(const std::string& name) const {
    return directory.path() + "/" + kScratchName + "/" + name + ".sst";
  }

  std::string FactsName(int64_t range) const { return "facts-" + std::to_string(range); }

  // Writes one record, and tells `seen` and `facts` of it.
  Status WriteRecord(SampleId id, const SampleAt& sample, SortedFile* file, Seen* seen_here,
                     std::vector<SampleFacts>* facts);
  Status WriteFacts(int64_t range, const std::vector<SampleFacts>& facts) const;
  Status WriteRange(int64_t range, const SampleAt& sample, const std::function<void()>& written);
  void TakeIn(int64_t range, const Seen& other);
  Result<DatasetInfo> Finish();
  Status WriteManifest() const;

  WriterOptions options;
  ImportDirectory directory;
  DatasetInfo info;
  std::vector<std::vector<uint32_t>> permutations;  // of each split
  std::vector<uint64_t> checksums;                  // by id; a range's thread writes its own part
  std::vector<std::string> warnings;                // Finish's

  Mutex mutex;
  Seen seen GUARDED_BY(mutex);
  std::vector<bool> ranges_written GUARDED_BY(mutex);
};

Status DatasetWriter::Core::WriteRecord(SampleId id, const SampleAt& sample, SortedFile* file,
                                        Seen* seen_here, std::vector<SampleFacts>* facts) {
  const auto split = static_cast<size_t>(info.SplitOf(id) - info.splits.data());
  const size_t index = permutations[split][id.value - info.splits[split].first_id];
  const std::string& path = options.splits[split].paths[index];
  ASSIGN_OR_RETURN(const std::vector<FieldValue> values, sample(split, index));
  CHECK_EQ(values.size(), info.schema.fields.size()) << path;
  for (size_t f = 0; f < values.size(); ++f) {
    const Status status = CheckValue(info.schema.fields[f], values[f].View());
    if (!status.ok()) return status.WithContext("'" + path + "'");
  }
  const std::string bytes = EncodeRecord(id, path, values);
  RETURN_IF_ERROR(file->Add(KeyOfSample(id), bytes));
  checksums[id.value] = RecordChecksum(bytes);
  facts->push_back(FactsOf(info.schema, values));
  seen_here->bytes += static_cast<int64_t>(bytes.size());
  const int image = info.schema.FirstOf(FieldKind::kImage);
  const int64_t channels = image < 0 ? 0 : values[static_cast<size_t>(image)].View().dims[2];
  seen_here->splits[split].Add(facts->back(), channels, path);
  return OkStatus();
}

Status DatasetWriter::Core::WriteFacts(int64_t range, const std::vector<SampleFacts>& facts) const {
  const auto size = static_cast<size_t>(options.shard_size);
  std::map<std::string, std::string> values;
  for (size_t begin = 0; begin < facts.size(); begin += size) {
    const int64_t chunk =
        (range * options.ids_per_file + static_cast<int64_t>(begin)) / options.shard_size;
    const auto part = std::span(facts).subspan(begin, std::min(size, facts.size() - begin));
    values[FactsKey(chunk)] = EncodeFacts(part);
  }
  return WriteSorted(Scratch(FactsName(range)), values);
}

Status DatasetWriter::Core::WriteRange(int64_t range, const SampleAt& sample,
                                       const std::function<void()>& written) {
  const int64_t begin = range * options.ids_per_file;
  const int64_t end = std::min(begin + options.ids_per_file, info.samples());
  ASSIGN_OR_RETURN(const auto file, SortedFile::Create(Scratch(std::to_string(range))));
  Seen seen_here(options.splits);
  std::vector<SampleFacts> facts;
  for (int64_t i = begin; i < end; ++i) {
    RETURN_IF_ERROR(
        WriteRecord(SampleId(static_cast<uint64_t>(i)), sample, file.get(), &seen_here, &facts));
    if (written) written();
  }
  RETURN_IF_ERROR(file->Finish());
  RETURN_IF_ERROR(WriteFacts(range, facts));
  TakeIn(range, seen_here);
  return {};
}

void DatasetWriter::Core::TakeIn(int64_t range, const Seen& other) {
  MutexLock lock(&mutex);
  seen.Merge(other);
  CHECK(!ranges_written[static_cast<size_t>(range)]) << "range " << range << " written twice";
  ranges_written[static_cast<size_t>(range)] = true;
}

Status DatasetWriter::Core::WriteManifest() const {
  DatasetManifest manifest{info.digest, info.samples(), {}};
  const std::string& path = directory.path();
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(path));
  for (const std::string& name : names) {
    if (!IsStoreFile(name)) continue;
    RETURN_IF_ERROR(SyncFile(path + "/" + name));
    ASSIGN_OR_RETURN(const FileHash file,
                     HashFile(path + "/" + name, [&](int64_t) { return CheckStop(options.stop); }));
    manifest.files.push_back({name, file.size, file.hash});
  }
  RETURN_IF_ERROR(SyncFolder(path));
  return WriteFileAtomic(path + "/" + kManifestName, EncodeManifest(manifest));
}

Result<DatasetInfo> DatasetWriter::Core::Finish() {
  {
    MutexLock lock(&mutex);
    for (size_t r = 0; r < ranges_written.size(); ++r) {
      CHECK(ranges_written[r]) << "range " << r << " was not written";
    }
    warnings = SplitWarnings(seen.splits, info.schema);
    SplitLook all;
    for (size_t s = 0; s < seen.splits.size(); ++s) {
      all.Merge(seen.splits[s]);
      info.splits[s].sizes = seen.splits[s].Examples();
    }
    info.height = std::max<int64_t>(0, all.height);  // -1: no sample has an image
    info.width = std::max<int64_t>(0, all.width);
    info.channels = std::max<int64_t>(0, all.channels);
    info.record_bytes = seen.bytes;
  }
  DigestBuilder digest(info);
  for (size_t id = 0; id < checksums.size(); ++id) digest.Add(SampleId(id), checksums[id]);
  info.digest = digest.Digest();
  ASSIGN_OR_RETURN(const std::string text, EncodeInfo(info));
  RETURN_IF_ERROR(WriteSorted(Scratch(kInfoKey), {{kInfoKey, text}}));

  std::vector<std::string> samples, meta = {Scratch(kInfoKey), Scratch("listing")};
  for (int64_t r = 0; r < Ranges(); ++r) {
    samples.push_back(Scratch(std::to_string(r)));
    meta.push_back(Scratch(FactsName(r)));
  }
  RETURN_IF_ERROR(CheckStop(options.stop));
  RETURN_IF_ERROR(BuildStore(directory.path(), samples, meta));
  RETURN_IF_ERROR(RemoveTree(directory.path() + "/" + kScratchName));
  RETURN_IF_ERROR(WriteManifest());
  RETURN_IF_ERROR(CheckStop(options.stop));  // the last: after it the dataset is there
  RETURN_IF_ERROR(directory.Publish());
  return info;
}

DatasetWriter::DatasetWriter(std::unique_ptr<Core> core) : core_(std::move(core)) {}
DatasetWriter::~DatasetWriter() = default;

Result<std::unique_ptr<DatasetWriter>> DatasetWriter::Create(WriterOptions options) {
  RETURN_IF_ERROR(CheckWriterOptions(options));
  Result<ImportDirectory> directory = ImportDirectory::Make(options.directory, options.replace);
  if (!directory.ok()) return ExplainFullDisk(directory.status(), options.directory);
  auto core = std::make_unique<Core>(std::move(options), *std::move(directory));
  const auto begin = [&]() -> Status {
    RETURN_IF_ERROR(EncodeInfo(core->info).status());  // texts that cannot be stored
    RETURN_IF_ERROR(MakeDirectory(core->directory.path() + "/" + kScratchName));
    return WriteListing(core->Scratch("listing"), core->options.splits);
  };
  if (const Status status = begin(); !status.ok())
    return ExplainFullDisk(status, core->directory.out());
  return std::unique_ptr<DatasetWriter>(new DatasetWriter(std::move(core)));
}

int64_t DatasetWriter::samples() const { return core_->info.samples(); }
const std::string& DatasetWriter::path(size_t split, size_t index) const {
  return core_->options.splits[split].paths[index];
}
int64_t DatasetWriter::ranges() const { return core_->Ranges(); }
const std::vector<std::string>& DatasetWriter::warnings() const { return core_->warnings; }

Status DatasetWriter::WriteRange(int64_t range, const SampleAt& sample,
                                 const std::function<void()>& written) {
  CHECK(range >= 0 && range < ranges()) << "range " << range;
  return ExplainFullDisk(core_->WriteRange(range, sample, written), core_->directory.out());
}

Result<DatasetInfo> DatasetWriter::Finish() {
  Result<DatasetInfo> info = core_->Finish();
  if (!info.ok()) return ExplainFullDisk(info.status(), core_->directory.out());
  return info;
}

}  // namespace lockstep::storage
