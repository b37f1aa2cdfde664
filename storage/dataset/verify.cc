// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/verify.h"

#include <algorithm>
#include <memory>
#include <set>

#include "base/fault_point.h"
#include "base/watch.h"
#include "storage/dataset/dataset.h"
#include "storage/dataset/id_permutation.h"
#include "storage/dataset/info_codec.h"
#include "storage/dataset/manifest.h"
#include "storage/dataset/record.h"
#include "storage/env/files.h"

namespace lockstep::storage {
namespace {

// What follows fails only as `advance` does.
Status HashFiles(const std::string& directory, const DatasetManifest& manifest,
                 const Advance& advance, VerifyReport* report) {
  report->problems = CheckFilesPresent(directory, manifest);
  std::set<std::string> already;
  for (const VerifyProblem& problem : report->problems) already.insert(problem.name);
  for (const ManifestFile& file : manifest.files) {
    if (already.count(file.name) > 0) continue;
    FaultPoint("verify.file");
    ASSIGN_OR_RETURN(VerifyProblem problem, CheckFileHash(directory, file, [&](int64_t bytes) {
                       report->bytes += bytes;
                       return advance(bytes);
                     }));
    if (!problem.message.empty()) report->problems.push_back(std::move(problem));
  }
  return OkStatus();
}

// Reads a run of records; where it cannot be read as one, record by record, naming each.
std::vector<Record> ReadGood(const Dataset& dataset, SampleId first, int64_t count,
                             VerifyReport* report) {
  Result<std::vector<Record>> run = dataset.ReadRange(first, count);
  if (run.ok()) return *std::move(run);
  std::vector<Record> good;
  for (int64_t i = 0; i < count; ++i) {
    const SampleId id(first.value + static_cast<uint64_t>(i));
    Result<Record> one = dataset.Read(id);
    if (one.ok()) {
      good.push_back(*std::move(one));
    } else {
      report->problems.push_back({DescribeSample(id), one.status().message()});
    }
  }
  return good;
}

// Compares what the columns say of each sample with its record; ids come in increasing order.
class FactsCheck {
 public:
  explicit FactsCheck(const Dataset* dataset) : dataset_(dataset) {}

  void Check(const Record& record, VerifyReport* report) {
    const auto size = static_cast<uint64_t>(dataset_->info().shard_size);
    const auto chunk = static_cast<int64_t>(record.id().value / size);
    if (chunk != chunk_) {
      chunk_ = chunk;
      Result<std::vector<SampleFacts>> facts = dataset_->Facts(chunk);
      facts_.clear();
      if (facts.ok()) {
        facts_ = *std::move(facts);
      } else {
        report->problems.push_back(
            {"facts of chunk " + std::to_string(chunk), facts.status().message()});
      }
    }
    if (facts_.empty()) return;
    if (facts_[record.id().value % size] == FactsOf(dataset_->info().schema, record)) return;
    report->problems.push_back(
        {DescribeSample(record.id()), "the columns say another size, label or number of boxes"});
  }

 private:
  const Dataset* dataset_;
  int64_t chunk_ = -1;
  std::vector<SampleFacts> facts_;  // of that chunk; empty where they cannot be read
};

Status CheckSplit(const Dataset& dataset, const SplitInfo& split, const Advance& advance,
                  DigestBuilder* digest, FactsCheck* facts, VerifyReport* report) {
  const Result<std::vector<std::string>> listing = dataset.Listing(split.name);
  std::vector<uint32_t> order;
  if (listing.ok()) {
    order = IdPermutation(*listing);
  } else {
    report->problems.push_back(
        {"listing of split '" + split.name + "'", listing.status().message()});
  }
  constexpr int64_t kRun = 1024;
  for (int64_t begin = 0; begin < split.count; begin += kRun) {
    const int64_t count = std::min(kRun, split.count - begin);
    const SampleId first(split.first_id + static_cast<uint64_t>(begin));
    for (const Record& record : ReadGood(dataset, first, count, report)) {
      ++report->records;
      digest->Add(record.id(), record.checksum());
      facts->Check(record, report);
      if (order.empty()) continue;
      const std::string& path = (*listing)[order[record.id().value - split.first_id]];
      if (record.source_path() != path) {
        report->problems.push_back(
            {DescribeSample(record.id()),
             "source path '" + std::string(record.source_path()) + "', expected '" + path + "'"});
      }
    }
    RETURN_IF_ERROR(advance(count));
  }
  return OkStatus();
}

Status CheckRecords(const Dataset& dataset, const Advance& advance, VerifyReport* report) {
  const DatasetInfo& info = dataset.info();
  DigestBuilder digest(info);
  FactsCheck facts(&dataset);
  for (const SplitInfo& split : info.splits) {
    RETURN_IF_ERROR(CheckSplit(dataset, split, advance, &digest, &facts, report));
  }
  if (report->records != info.samples()) return OkStatus();
  report->digest = digest.Digest();
  if (report->digest != info.digest) {
    report->problems.push_back(
        {"dataset digest", report->digest.ToHex() + ", expected " + info.digest.ToHex()});
  }
  return OkStatus();
}

}  // namespace

std::string VerifyReport::ToString() const {
  if (ok()) {
    return "all well: " + std::to_string(files) + " files, " + std::to_string(bytes) + " bytes, " +
           std::to_string(records) + " records, digest " + digest.ToHex();
  }
  std::string text;
  for (const VerifyProblem& problem : problems) {
    text += (text.empty() ? "" : "\n") + problem.name + ": " + problem.message;
  }
  return text;
}

Status VerifyReport::ToStatus() const { return ok() ? OkStatus() : DataLoss(ToString()); }

Result<VerifyReport> VerifyDataset(const std::string& directory_as_given,
                                   const std::function<void(int64_t, int64_t)>& progress,
                                   const std::atomic<bool>* stop) {
  const std::string directory = WithoutTrailingSlash(directory_as_given);
  VerifyReport report;
  const Result<DatasetManifest> manifest = ReadManifest(directory);
  if (!manifest.ok()) {
    if (!PathExists(directory + "/" + kManifestName)) return manifest.status();
    report.problems.push_back({kManifestName, manifest.status().message()});
    return report;
  }
  report.files = static_cast<int64_t>(manifest->files.size());
  int64_t done = 0, total = manifest->samples;
  for (const ManifestFile& file : manifest->files) total += file.size;
  const Advance advance = [&](int64_t amount) {
    done += amount;
    if (progress) progress(done, total);
    return CheckStop(stop);
  };
  RETURN_IF_ERROR(HashFiles(directory, *manifest, advance, &report));
  const Result<std::unique_ptr<Dataset>> dataset = Dataset::Open(directory);
  if (dataset.ok()) {
    RETURN_IF_ERROR(CheckRecords(**dataset, advance, &report));
  } else if (report.ok()) {  // else the cause has been named
    report.problems.push_back({directory, dataset.status().message()});
  }
  return report;
}

}  // namespace lockstep::storage
