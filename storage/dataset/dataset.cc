// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/dataset.h"

#include <algorithm>

#include "base/check.h"
#include "base/suggest.h"
#include "storage/dataset/id_permutation.h"
#include "storage/dataset/info_codec.h"
#include "storage/dataset/manifest.h"
#include "storage/dataset/meta_values.h"
#include "storage/dataset/record.h"
#include "storage/dataset/rocks_reader.h"
#include "storage/env/files.h"

namespace lockstep::storage {

int64_t DatasetInfo::samples() const {
  int64_t n = 0;
  for (const SplitInfo& split : splits) n += split.count;
  return n;
}

Result<SplitInfo> DatasetInfo::Split(std::string_view name) const {
  std::vector<std::string> names;
  for (const SplitInfo& split : splits) {
    if (split.name == name) return split;
    names.push_back(split.name);
  }
  std::string known;
  for (const std::string& n : names) known += (known.empty() ? "" : ", ") + n;
  const std::string nearest = NearestName(name, names);
  return InvalidArgument("the dataset has no split '" + std::string(name) + "'; it has " + known +
                         (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
}

const SplitInfo* DatasetInfo::SplitOf(SampleId id) const {
  for (const SplitInfo& split : splits) {
    if (id.value >= split.first_id && id.value - split.first_id < uint64_t(split.count)) {
      return &split;
    }
  }
  return nullptr;
}

class Dataset::Core {
 public:
  std::string directory;
  DatasetInfo info;
  std::unique_ptr<RocksReader> store;

  Result<std::string> Meta(std::string_view key) const {
    ASSIGN_OR_RETURN(const std::string value, store->GetMeta(key));
    return OpenMetaValue(key, value);
  }

  Result<Record> ReadOnce(SampleId id) const {
    Result<std::string> bytes = store->Get(KeyOfSample(id));
    if (bytes.status().code() == StatusCode::kNotFound) return DataLoss("there is no such key");
    if (!bytes.ok()) return bytes.status();
    return Record::Decode(id, *std::move(bytes), info.schema);
  }

  // Twice: a bus or a disk that errs once is not a damaged sample.
  Result<Record> ReadTwice(SampleId id) const {
    Result<Record> record = ReadOnce(id);
    if (!record.ok()) record = ReadOnce(id);
    if (record.ok()) return record;
    const std::string file = store->FileOf(KeyOfSample(id));
    return Status(record.status().code(),
                  DescribeSample(id) + " in '" + directory + (file.empty() ? "" : "/" + file) +
                      "', read twice: " + record.status().message() + ". `lockstep data verify " +
                      directory +
                      "` names all that is damaged; restore the dataset from a copy or import the "
                      "source again");
  }

  // Appends records from the next one on until `count` are there or one cannot be read.
  void ScanInto(SampleId first, size_t count, std::vector<Record>* records) const {
    const auto visit = [&](std::string_view key, std::string_view value) -> Result<bool> {
      SampleId id;
      const SampleId expected(first.value + records->size());
      if (!SampleOfKey(key, &id) || id != expected) return false;
      ASSIGN_OR_RETURN(Record record, Record::Decode(id, std::string(value), info.schema));
      records->push_back(std::move(record));
      return records->size() < count;
    };
    // A failure here is not the last word: the records that are missing are read one by one.
    (void)store->Scan(KeyOfSample(SampleId(first.value + records->size())), visit);
  }

  Status CheckRange(SampleId first, int64_t count) const {
    const auto samples = static_cast<uint64_t>(info.samples());
    if (count >= 0 && first.value <= samples && uint64_t(count) <= samples - first.value) return {};
    return InvalidArgument("'" + directory + "' has no samples " + std::to_string(first.value) +
                           " .. + " + std::to_string(count) + "; its ids are 0 .. " +
                           std::to_string(samples - 1));
  }
};

namespace {

Status CheckDirectory(const std::string& directory, const DatasetManifest& manifest) {
  std::vector<VerifyProblem> problems = CheckFilesPresent(directory, manifest);
  for (const ManifestFile& file : manifest.files) {
    if (!problems.empty() || !IsStartFile(file.name)) continue;
    ASSIGN_OR_RETURN(const VerifyProblem problem, CheckFileHash(directory, file));
    if (!problem.message.empty()) problems.push_back(problem);
  }
  if (problems.empty()) return {};
  return DataLoss(
      "dataset '" + directory + "' is damaged: " + problems[0].name + ": " + problems[0].message +
      (problems.size() > 1 ? " (and " + std::to_string(problems.size() - 1) + " more)" : "") +
      ". Restore it from a copy or import the source again");
}

}  // namespace

Dataset::Dataset(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Dataset::~Dataset() = default;
const std::string& Dataset::directory() const { return core_->directory; }
const DatasetInfo& Dataset::info() const { return core_->info; }

Result<std::unique_ptr<Dataset>> Dataset::Open(const std::string& directory_as_given) {
  const std::string directory = WithoutTrailingSlash(directory_as_given);
  ASSIGN_OR_RETURN(const DatasetManifest manifest, ReadManifest(directory));
  RETURN_IF_ERROR(CheckDirectory(directory, manifest));
  auto core = std::make_unique<Core>();
  core->directory = directory;
  const std::string context = "dataset '" + directory + "' is damaged";
  const auto open = [&]() -> Status {
    ASSIGN_OR_RETURN(core->store, RocksReader::Open(directory));
    ASSIGN_OR_RETURN(const std::string text, core->Meta(kInfoKey));
    ASSIGN_OR_RETURN(core->info, DecodeInfo(text));
    if (core->info.digest != manifest.digest || core->info.samples() != manifest.samples) {
      return DataLoss("dataset.manifest and the store are of different datasets");
    }
    return {};
  };
  const Status status = open();
  if (status.code() == StatusCode::kNotFound) return DataLoss(context + ": " + status.message());
  if (status.code() == StatusCode::kDataLoss) return status.WithContext(context);
  RETURN_IF_ERROR(status);
  return std::unique_ptr<Dataset>(new Dataset(std::move(core)));
}

Result<Record> Dataset::Read(SampleId id) const {
  RETURN_IF_ERROR(core_->CheckRange(id, 1));
  return core_->ReadTwice(id);
}

Result<std::vector<Record>> Dataset::ReadRange(SampleId first, int64_t count) const {
  RETURN_IF_ERROR(core_->CheckRange(first, count));
  std::vector<Record> records;
  const auto wanted = static_cast<size_t>(count);
  records.reserve(wanted);
  if (wanted > 0) core_->ScanInto(first, wanted, &records);
  while (records.size() < wanted) {
    ASSIGN_OR_RETURN(Record record, core_->ReadTwice(SampleId(first.value + records.size())));
    records.push_back(std::move(record));
  }
  return records;
}

int64_t Dataset::chunks() const {
  return (core_->info.samples() + core_->info.shard_size - 1) / core_->info.shard_size;
}

Result<std::vector<SampleFacts>> Dataset::Facts(int64_t chunk) const {
  CHECK(chunk >= 0 && chunk < chunks()) << "chunk " << chunk;
  const int64_t size = core_->info.shard_size;
  const int64_t count = std::min(size, core_->info.samples() - chunk * size);
  ASSIGN_OR_RETURN(const std::string text, core_->Meta(FactsKey(chunk)));
  return DecodeFacts(text, count);
}

Result<std::vector<std::string>> Dataset::Listing(std::string_view split_name) const {
  ASSIGN_OR_RETURN(const SplitInfo split, core_->info.Split(split_name));
  std::vector<std::string> paths;
  for (int64_t chunk = 0; chunk * kPathsPerValue < split.count; ++chunk) {
    ASSIGN_OR_RETURN(const std::string text, core_->Meta(ListingKey(split_name, chunk)));
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = text.find('\n', begin);
      if (end == std::string::npos) return DataLoss("the listing does not end in a newline");
      paths.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  if (static_cast<int64_t>(paths.size()) != split.count) {
    return DataLoss("the listing of '" + split.name + "' has " + std::to_string(paths.size()) +
                    " paths, expected " + std::to_string(split.count));
  }
  return paths;
}

}  // namespace lockstep::storage
