// SPDX-License-Identifier: Apache-2.0
// The binary versions of CIFAR-10 and CIFAR-100, made small.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/resident_memory.h"
#include "base/testing/address_limit.h"
#include "storage/importers/cifar/cifar_importer.h"
#include "storage/importers/testing/import_test.h"

namespace lockstep::storage {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Record i of file f: red is f, green is i, and blue counts the pixels.
std::string RecordsOf(int f, int count, bool coarse) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    if (coarse) bytes.push_back(static_cast<char>(i % 2));
    bytes.push_back(static_cast<char>(i % 3));
    bytes += std::string(1024, static_cast<char>(f)) + std::string(1024, static_cast<char>(i));
    for (int p = 0; p < 1024; ++p) bytes.push_back(static_cast<char>(p));
  }
  return bytes;
}

CifarFiles Small(CifarFiles files, int64_t records) {
  for (CifarFiles::Split& split : files.splits) split.records_a_file = records;
  return files;
}

class Cifar : public ImportTest {
 protected:
  Cifar() : ImportTest("cifar10") {}

  static FileMap Ten(const std::string& folder) {
    FileMap files = {{folder + "batches.meta.txt", "plane\ncar\nbird\n\n"},
                     {folder + "test_batch.bin", RecordsOf(9, 4, false)},
                     {folder + "readme.html", "words"}};
    for (int f = 1; f <= 5; ++f) {
      files[folder + "data_batch_" + std::to_string(f) + ".bin"] = RecordsOf(f, 4, false);
    }
    return files;
  }

  Result<std::unique_ptr<Importer>> Open(const std::string& path, const CifarFiles& files) {
    ImportSource source;
    source.path = path;
    source.spool = scratch_ / "spool";
    return OpenCifar(source, files);
  }
  void ExpectRefusal(StatusCode code, const std::string& text, const CifarFiles& files) {
    const Status status = Open(source_, files).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(status.message(), HasSubstr(text));
  }
};

TEST_F(Cifar, TheFilesAreNotHeldInMemory) {
  SKIP_IF_SANITIZED();                // its allocator keeps what is freed
  constexpr int64_t kRecords = 2000;  // 6 MB a file
  {
    FileMap files = Ten("");
    for (auto& [name, bytes] : files) {
      if (name.ends_with(".bin")) bytes = RecordsOf(1, kRecords, false);
    }
    Write(files);
  }
  const int64_t before = ReadResidentMemory().now;
  const auto importer = Open(source_, Small(Cifar10Files(), kRecords));
  ASSERT_TRUE(importer.ok()) << importer.status();
  EXPECT_GT((*importer)->bytes(), 36'000'000);
  EXPECT_LT(ReadResidentMemory().now - before, 20'000'000);
  const auto values = (*importer)->Read(1, 5 * kRecords - 1);
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ(LabelOf((*values)[1].View()), (kRecords - 1) % 3);
}

TEST_F(Cifar, PlanesBecomePixelsWithTheirLabels) {
  Write(Ten("cifar-10-batches-bin/"));
  Overwrite(scratch_ / "c.tar.gz", Gzip(Tar(Ten("cifar-10-batches-bin/"))));
  for (const std::string& path : {source_, scratch_ / "c.tar.gz"}) {
    const auto importer = Open(path, Small(Cifar10Files(), 4));
    ASSERT_TRUE(importer.ok()) << importer.status();
    const std::vector<SplitListing>& splits = (*importer)->splits();
    ASSERT_EQ(splits.size(), 2u);
    EXPECT_EQ(splits[0].name, "test");
    EXPECT_EQ(splits[0].paths.size(), 4u);
    EXPECT_EQ(splits[1].name, "train");
    ASSERT_EQ(splits[1].paths.size(), 20u);
    EXPECT_EQ(splits[1].paths[9], "data_batch_3.bin/00001");
    EXPECT_TRUE(std::is_sorted(splits[1].paths.begin(), splits[1].paths.end()));
    EXPECT_THAT((*importer)->schema().classes(), ElementsAre("plane", "car", "bird"));
    const auto values = (*importer)->Read(1, 10);  // record 2 of file 3
    ASSERT_TRUE(values.ok()) << values.status();
    EXPECT_THAT((*values)[0].dims, ElementsAre(32, 32, 3));
    EXPECT_EQ((*values)[0].bytes.substr(3 * 33, 3), std::string("\x03\x02\x21"));
    EXPECT_EQ(LabelOf((*values)[1].View()), 2);
    EXPECT_EQ((*(*importer)->Read(0, 1))[0].bytes[0], '\x09');
  }
}

TEST_F(Cifar, TheHundredHaveCoarseLabelsToo) {
  Write({{"train.bin", RecordsOf(1, 4, true)},
         {"test.bin", RecordsOf(2, 4, true)},
         {"fine_label_names.txt", "a\nb\nc\n"},
         {"coarse_label_names.txt", "even\nodd\n"}});
  const auto importer = Open(source_, Small(Cifar100Files(), 4));
  ASSERT_TRUE(importer.ok()) << importer.status();
  EXPECT_TRUE((*importer)->schema().Check().ok());
  EXPECT_THAT((*importer)->schema().Find("coarse_label")->classes, ElementsAre("even", "odd"));
  const auto values = (*importer)->Read(1, 3);
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ(LabelOf((*values)[1].View()), 0);
  EXPECT_EQ(LabelOf((*values)[2].View()), 1);
  EXPECT_EQ((*values)[0].bytes.substr(0, 3), std::string("\x01\x03\x00", 3));
}

TEST_F(Cifar, FilesThatAreNotWhatTheyShouldBeAreNamed) {
  const CifarFiles small = Small(Cifar10Files(), 4);
  Write(Ten(""));
  Overwrite(source_ + "/data_batch_3.bin", RecordsOf(3, 4, false) + "x");
  ExpectRefusal(StatusCode::kDataLoss,
                "'data_batch_3.bin' has 12293 bytes; expected 12292 (4 records of 3073 bytes)",
                small);
  Overwrite(source_ + "/data_batch_3.bin", "<html></html>");
  ExpectRefusal(StatusCode::kDataLoss, "HTML", small);
  std::filesystem::remove(source_ + "/data_batch_3.bin");
  ExpectRefusal(StatusCode::kNotFound, "no file 'data_batch_3.bin'; expected the binary version",
                small);
  Write(Ten("again/"));
  ExpectRefusal(StatusCode::kInvalidArgument, "both 'again/batches.meta.txt' and", small);
}

TEST_F(Cifar, ALabelWithoutANameLeavesTheImageOut) {
  Write(Ten(""));
  Overwrite(source_ + "/batches.meta.txt", "plane\ncar\n");
  const auto importer = Open(source_, Small(Cifar10Files(), 4));
  ASSERT_TRUE(importer.ok()) << importer.status();
  const auto values = (*importer)->Read(0, 2);
  ASSERT_TRUE(values.ok());
  const Status status = CheckValue((*importer)->schema().fields[1], (*values)[1].View());
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("label 2"), HasSubstr("2 classes")));
}

// Files of the true sizes, with nothing in them: an image of them all is black and has label 0.
TEST_F(Cifar, TheTrueSizesAreTaken) {
  Write({{"batches.meta.txt", "a\nb\n"}});
  for (const std::string name : {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4",
                                 "data_batch_5", "test_batch"}) {
    Overwrite(source_ + "/" + name + ".bin", "");
    ASSERT_EQ(::truncate((source_ + "/" + name + ".bin").c_str(), 30'730'000), 0);
  }
  ImportSource source;
  source.path = source_;
  source.spool = scratch_ / "spool";
  const auto importer = OpenSource("cifar10", source);
  ASSERT_TRUE(importer.ok()) << importer.status();
  EXPECT_EQ((*importer)->splits()[0].paths.size(), 10'000u);
  EXPECT_EQ((*importer)->splits()[1].paths.size(), 50'000u);
  EXPECT_EQ((*importer)->bytes(), 184'380'000);
  EXPECT_EQ(LabelOf((*(*importer)->Read(1, 49'999))[1].View()), 0);
}

}  // namespace
}  // namespace lockstep::storage
