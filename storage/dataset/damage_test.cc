// SPDX-License-Identifier: Apache-2.0
// 1,000 damaged datasets: a bit flipped or a file cut, in any file that makes up a dataset. Verify
// finds each and names the file; a reader never gets a record that is not as it was written.
#include <gtest/gtest.h>

#include <fstream>

#include "base/philox.h"
#include "storage/dataset/manifest.h"
#include "storage/dataset/record.h"
#include "storage/dataset/testing/made_dataset.h"
#include "storage/dataset/verify.h"
#include "storage/env/files.h"
#include "storage/env/testing/damaged_files.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::storage {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint32_t kDamages = 100;
#else
constexpr uint32_t kDamages = 1000;
#endif

bool Names(const VerifyReport& report, const std::string& file) {
  return std::any_of(report.problems.begin(), report.problems.end(),
                     [&](const VerifyProblem& problem) { return problem.name == file; });
}

// Every record that can be read one way or the other is the right one.
void ExpectOnlyGoodRecords(const std::string& directory, const std::vector<Record>& good) {
  const auto dataset = Dataset::Open(directory);
  if (!dataset.ok()) {
    EXPECT_NE(dataset.status().code(), StatusCode::kInternal) << dataset.status();
    return;
  }
  const auto all = (*dataset)->ReadRange(SampleId(0), static_cast<int64_t>(good.size()));
  if (all.ok()) {
    EXPECT_EQ(*all, good);
    return;
  }
  EXPECT_EQ(all.status().code(), StatusCode::kDataLoss) << all.status();
  for (const Record& expected : good) {
    const auto record = (*dataset)->Read(expected.id());
    if (record.ok()) {
      EXPECT_EQ(*record, expected);
    } else {
      EXPECT_EQ(record.status().code(), StatusCode::kDataLoss) << record.status();
      EXPECT_NE(record.status().message().find(DescribeSample(expected.id())), std::string::npos)
          << record.status();
    }
  }
}

TEST(Damage, IsFoundAndNamedByVerifyAndNeverReadAsGood) {
  const ScratchDirectory scratch;
  const std::string directory = scratch / "d";
  ASSERT_TRUE((MadeDataset{.train = 200, .test = 50, .ids_per_file = 64}).Make(directory).ok());
  const std::vector<Record> good = *(*Dataset::Open(directory))->ReadRange(SampleId(0), 250);
  std::vector<std::string> files = {kManifestName};
  const DatasetManifest manifest = *ReadManifest(directory);
  for (const ManifestFile& file : manifest.files) files.push_back(file.name);
  ASSERT_GE(files.size(), 9u);
  for (uint32_t n = 0; n < kDamages; ++n) {
    const std::string& name = files[n % files.size()];
    const std::string path = directory + "/" + name;
    const std::string whole = *ReadRegularFile(path);
    std::string what;
    Overwrite(path, Damaged(whole, n, &what));
    const auto report = VerifyDataset(directory);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(Names(*report, name)) << name << ", " << what << ": " << report->ToString();
    ExpectOnlyGoodRecords(directory, good);
    Overwrite(path, whole);
    if (HasFailure()) FAIL() << "damage " << n << ": " << name << ", " << what;
  }
  EXPECT_TRUE(VerifyDataset(directory)->ok());
}

// A record may also be exchanged for another whole one: the checksum is of the id too.
TEST(Verify, AWishToStopIsServedBetweenFilesAndBetweenRecords) {
  const ScratchDirectory scratch;
  const std::string directory = scratch / "d";
  ASSERT_TRUE((MadeDataset{.train = 2000, .test = 500, .ids_per_file = 512}).Make(directory).ok());
  int64_t all = 0;
  ASSERT_TRUE(VerifyDataset(directory, [&](int64_t, int64_t) { ++all; })->ok());
  ASSERT_GT(all, 8);
  for (int64_t last = 1; last < all; ++last) {
    std::atomic<bool> stop{false};
    int64_t told = 0;
    const auto report = VerifyDataset(
        directory, [&](int64_t, int64_t) { stop = ++told == last; }, &stop);
    EXPECT_EQ(report.status().code(), StatusCode::kCancelled) << last;
    EXPECT_EQ(told, last) << "nothing is read after the wish";
  }
}

TEST(Damage, ARecordUnderAnotherIdFailsItsChecksum) {
  const Schema schema = ImageAndLabel({"a", "b", "c", "d"});
  const ImageSample sample = {3, 1, 2, 1, "ab"};
  const std::string bytes = EncodeRecord(SampleId(7), "train/00000000", sample.Values());
  const auto record = Record::Decode(SampleId(7), bytes, schema);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->source_path(), "train/00000000");
  EXPECT_EQ(ImageSample::Of(*record), sample);
  EXPECT_EQ(Record::Decode(SampleId(8), bytes, schema).status().code(), StatusCode::kDataLoss);
  for (size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_FALSE(Record::Decode(SampleId(7), bytes.substr(0, i), schema).ok()) << i;
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      EXPECT_FALSE(Record::Decode(SampleId(7), damaged, schema).ok()) << i;
    }
  }
}

TEST(Damage, AReadErrorNamesIdKeyAndFile) {
  const ScratchDirectory scratch;
  const std::string directory = scratch / "d";
  ASSERT_TRUE((MadeDataset{.train = 200, .test = 50, .ids_per_file = 64}).Make(directory).ok());
  const std::string file = ReadManifest(directory)->files[0].name;  // the first ids
  std::string bytes = *ReadRegularFile(directory + "/" + file);
  bytes[100] = static_cast<char>(bytes[100] ^ 1);
  Overwrite(directory + "/" + file, bytes);
  const auto dataset = Dataset::Open(directory);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  const Status status = (*dataset)->Read(SampleId(0)).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  for (const std::string& text : {std::string("sample 0 (key 0000000000000000)"), file,
                                  std::string("read twice"), std::string("lockstep data verify")}) {
    EXPECT_NE(status.message().find(text), std::string::npos) << status;
  }
  const auto report = VerifyDataset(directory);
  EXPECT_EQ(report->problems.size() > 1, true) << report->ToString();
  EXPECT_EQ(report->problems[0].name, file);
  EXPECT_EQ(report->problems[1].name, "sample 0 (key 0000000000000000)");
  EXPECT_EQ(report->ToStatus().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace lockstep::storage
