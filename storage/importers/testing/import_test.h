// SPDX-License-Identifier: Apache-2.0
// For tests: importing a small source through ImportDataset, and looking at what came of it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/dataset/dataset.h"
#include "storage/dataset/verify.h"
#include "storage/env/files.h"
#include "storage/env/testing/scratch_directory.h"
#include "storage/import/import.h"
#include "storage/importers/testing/archive_writer.h"

namespace lockstep::storage {

class ImportTest : public ::testing::Test {
 protected:
  explicit ImportTest(std::string kind) : kind_(std::move(kind)) {}

  // Writes the files to the folder `source`.
  void Write(const FileMap& files) { WriteFolder(source_, files); }

  ImportOptions OptionsFor(const std::string& path, Attrs options = {}) const {
    ImportOptions job;
    job.kind = kind_;
    job.path = path;
    job.options = std::move(options);
    job.out = scratch_ / "out";
    job.threads = 2;
    job.shard_size = 4;
    return job;
  }

  // Imports `source` to `out`, in the place of what an earlier call made.
  Result<ImportReport> Import(Attrs options = {}) {
    return RunJob(OptionsFor(source_, std::move(options)));
  }
  Result<ImportReport> RunJob(ImportOptions job) {
    job.replace = true;
    return ImportDataset(job);
  }

  // The digest of what is imported from this path.
  std::string DigestOf(const std::string& path, int threads = 2) {
    ImportOptions job = OptionsFor(path);
    job.threads = threads;
    const auto report = RunJob(std::move(job));
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return "";
    const auto verified = VerifyDataset(scratch_ / "out");
    EXPECT_TRUE(verified.ok() && verified->ok());
    return report->info.digest.ToHex();
  }

  // The import fails so, and leaves nothing beside the source.
  void ExpectFailure(StatusCode code, const std::string& text, Attrs options = {}) {
    const Status status = Import(std::move(options)).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(status.message(), ::testing::HasSubstr(text));
    EXPECT_THAT(*ListDir(scratch_.path()), ::testing::ElementsAre("source"));
  }

  // Every record of the dataset at `out`, by "SPLIT:path".
  std::map<std::string, Record> Records() {
    std::map<std::string, Record> records;
    const auto dataset = Dataset::Open(scratch_ / "out");
    EXPECT_TRUE(dataset.ok()) << dataset.status();
    if (!dataset.ok()) return records;
    for (const SplitInfo& split : (*dataset)->info().splits) {
      for (uint64_t id = split.first_id; id < split.first_id + static_cast<uint64_t>(split.count);
           ++id) {
        Result<Record> record = (*dataset)->Read(SampleId(id));
        EXPECT_TRUE(record.ok()) << record.status();
        if (!record.ok()) continue;
        const std::string path(record->source_path());
        records.emplace(split.name + ":" + path, *std::move(record));
      }
    }
    return records;
  }

  std::vector<std::string> Paths() {
    std::vector<std::string> paths;
    for (const auto& [path, record] : Records()) paths.push_back(path);
    return paths;
  }

  std::string kind_;
  ScratchDirectory scratch_;
  std::string source_ = scratch_ / "source";
};

// The little-endian numbers that a raw value holds.
template <typename T>
std::vector<T> NumbersOf(const FieldView& value) {
  std::vector<T> numbers(value.bytes.size() / sizeof(T));
  if (!numbers.empty()) std::memcpy(numbers.data(), value.bytes.data(), numbers.size() * sizeof(T));
  return numbers;
}

}  // namespace lockstep::storage
