// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "storage/dataset/testing/image_sample.h"
#include "storage/dataset/verify.h"
#include "storage/env/files.h"
#include "storage/env/testing/scratch_directory.h"
#include "storage/env/testing/write_faults.h"
#include "storage/import/import.h"
#include "storage/importers/idx/idx_format.h"
#include "storage/importers/importer.h"

namespace lockstep::storage {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

std::string BigEndian(uint32_t v) {
  return {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8),
          static_cast<char>(v)};
}

// An idx file of unsigned bytes.
std::string Idx(const std::vector<uint32_t>& dims, const std::string& values) {
  std::string bytes = BigEndian(0x800u | static_cast<uint32_t>(dims.size()));
  for (const uint32_t d : dims) bytes += BigEndian(d);
  return bytes + values;
}

std::string Gzip(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(bytes.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

void Write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string ErrorOf(const std::string& bytes, int rank = 3) {
  const auto array = ParseIdx(bytes, "images", rank);
  EXPECT_EQ(array.status().code(), StatusCode::kDataLoss) << array.status();
  return array.status().message();
}

TEST(IdxFormat, ReadsPlainAndGzipAndGzipInParts) {
  const std::string file = Idx({2, 1, 3}, "abcdef");
  const std::string parts = Gzip(file.substr(0, 9)) + Gzip(file.substr(9));
  for (const std::string& bytes : {file, Gzip(file), parts}) {
    const auto array = ParseIdx(bytes, "images", 3);
    ASSERT_TRUE(array.ok()) << array.status();
    EXPECT_THAT(array->dims, ElementsAre(2, 1, 3));
    EXPECT_EQ(array->values, "abcdef");
  }
}

TEST(IdxFormat, WhatIsNotIdxIsNamedWithWhatWasExpected) {
  const std::string file = Idx({2, 1, 3}, "abcdef");
  EXPECT_THAT(ErrorOf(""), AllOf(HasSubstr("'images'"), HasSubstr("0x00000803")));
  EXPECT_THAT(ErrorOf("PNG and more"), AllOf(HasSubstr("0x504e4720"), HasSubstr("0x00000803")));
  EXPECT_THAT(ErrorOf(Idx({6}, "abcdef")), HasSubstr("exchanged"));
  EXPECT_THAT(ErrorOf(file, 1), AllOf(HasSubstr("0x00000801"), HasSubstr("labels")));
  EXPECT_THAT(ErrorOf(file.substr(0, 11)), HasSubstr("ends within its header"));
  EXPECT_THAT(ErrorOf(Idx({2, 0, 3}, "")), HasSubstr("dimension 1 is 0"));
  EXPECT_THAT(ErrorOf(Idx({~0u, ~0u, ~0u}, "")), HasSubstr("dimension 1 is 4294967295"));
  EXPECT_THAT(ErrorOf(Idx({2, 1, 3}, "abcde")),
              AllOf(HasSubstr("cut short"), HasSubstr("2x1x3 = 6 bytes"), HasSubstr("are 5")));
  EXPECT_THAT(ErrorOf(Idx({1u << 11, 1u << 11, 1u << 11}, "x")), HasSubstr("cut short"));
  EXPECT_THAT(ErrorOf(file + "g"), HasSubstr("bytes left over"));
}

TEST(IdxFormat, DamagedGzipIsNamed) {
  const std::string gzip = Gzip(Idx({2, 1, 3}, "abcdef"));
  for (size_t size = 2; size < gzip.size(); ++size) {
    EXPECT_THAT(ErrorOf(gzip.substr(0, size)), HasSubstr("cut short")) << size;
  }
  std::string wrong_sum = gzip;
  wrong_sum[gzip.size() - 8] = static_cast<char>(wrong_sum[gzip.size() - 8] ^ 1);
  EXPECT_THAT(ErrorOf(wrong_sum), HasSubstr("not intact gzip: incorrect data check"));
  EXPECT_THAT(ErrorOf(gzip + "garbage"), HasSubstr("not intact gzip"));
}

class IdxImport : public ::testing::Test {
 protected:
  // 12 images of 2 x 2 in `train`, 6 in `test`; label i % 3.
  void SetUp() override {
    std::filesystem::create_directory(source_);
    WriteSplit("train", 12, false);
    WriteSplit("t10k", 6, true);
  }

  void WriteSplit(const std::string& prefix, uint32_t count, bool gzip) {
    std::string pixels, labels;
    for (uint32_t i = 0; i < count; ++i) {
      labels.push_back(static_cast<char>(i % 3));
      pixels += std::string(4, static_cast<char>(10 * i));
    }
    const std::string images = Idx({count, 2, 2}, pixels);
    const std::string end = gzip ? ".gz" : "";
    Write(source_ + "/" + prefix + "-images-idx3-ubyte" + end, gzip ? Gzip(images) : images);
    const std::string label_file = Idx({count}, labels);
    Write(source_ + "/" + prefix + "-labels-idx1-ubyte" + end,
          gzip ? Gzip(label_file) : label_file);
  }

  Result<ImportReport> Import(const std::string& kind = "idx") {
    ImportOptions options;
    options.kind = kind;
    options.path = source_;
    options.out = scratch_ / "out";
    options.threads = 2;
    options.shard_size = 4;
    options.stop = &stop_;
    options.progress = [this](std::string_view what, int64_t done, int64_t total) {
      EXPECT_EQ(total, 18);
      if (what != "writing") return;
      EXPECT_EQ(done, last_done_ + 1);
      last_done_ = done;
      if (done == stop_at_) stop_ = true;
    };
    return ImportDataset(options);
  }
  void ExpectFailure(StatusCode code, const std::string& text, const std::string& kind = "idx") {
    const Status status = Import(kind).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(status.message(), HasSubstr(text));
    EXPECT_THAT(*ListDir(scratch_.path()), ElementsAre("source"));
  }

  ScratchDirectory scratch_;
  std::string source_ = scratch_ / "source";
  int64_t last_done_ = 0;
  int64_t stop_at_ = -1;  // after so many samples
  std::atomic<bool> stop_{false};
};

TEST_F(IdxImport, AWishToStopIsServedInEveryPhaseAndLeavesNothing) {
  stop_ = true;  // while the source is read
  ExpectFailure(StatusCode::kCancelled, "stopped on request");
  EXPECT_EQ(last_done_, 0);
  for (const int64_t at : {int64_t{1}, int64_t{9}, int64_t{18}}) {  // 18: only the end is left
    stop_ = false;
    last_done_ = 0;
    stop_at_ = at;
    ExpectFailure(StatusCode::kCancelled, "stopped on request");
    EXPECT_GE(last_done_, at);
    EXPECT_LE(last_done_, at + 1) << "each thread looks before its next sample";
  }
}

TEST_F(IdxImport, ASourceIsReadInPiecesBetweenWhichAWishToStopIsServed) {
  const std::atomic<bool> stop{true};
  const std::string images = Idx({12, 2, 2}, std::string(48, 'x'));
  EXPECT_EQ(ParseIdx(images, "images", 3, &stop).status().code(), StatusCode::kCancelled);
  EXPECT_TRUE(ParseIdx(images, "images", 3).ok());
}

TEST_F(IdxImport, MakesADatasetOfPlainAndCompressedFiles) {
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(last_done_, 18);
  EXPECT_GE(report->files, 5);
  EXPECT_GT(report->bytes, 18 * 36);
  EXPECT_THAT(report->info.classes(), ElementsAre("0", "1", "2"));
  const auto dataset = Dataset::Open(scratch_ / "out");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  const SplitInfo train = *(*dataset)->info().Split("train");
  EXPECT_EQ(train.first_id, 6u);
  EXPECT_EQ(train.count, 12);
  for (uint64_t id = 6; id < 18; ++id) {
    const Record record = *(*dataset)->Read(SampleId(id));
    const std::string path(record.source_path());
    const int i = std::stoi(path.substr(6));
    EXPECT_EQ(path.substr(0, 6), "train/");
    EXPECT_EQ(path.size(), 14u);
    const ImageSample sample = ImageSample::Of(record);
    EXPECT_EQ(sample.label, i % 3);
    EXPECT_EQ(sample.pixels, std::string(4, static_cast<char>(10 * i)));
  }
  EXPECT_TRUE(VerifyDataset(scratch_ / "out")->ok());
}

TEST_F(IdxImport, TheFingerprintAndDigestAreTheSameForPlainAndGzip) {
  const auto first = Import();
  ASSERT_TRUE(first.ok()) << first.status();
  std::filesystem::remove_all(scratch_ / "out");
  std::filesystem::remove_all(source_);
  std::filesystem::create_directory(source_);
  WriteSplit("train", 12, true);
  WriteSplit("test", 6, false);
  last_done_ = 0;
  const auto second = Import();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(first->info.source_fingerprint, second->info.source_fingerprint);
  EXPECT_EQ(first->info.digest, second->info.digest);
}

TEST_F(IdxImport, AnUnknownKindGetsASuggestion) {
  ExpectFailure(StatusCode::kInvalidArgument, "did you mean 'fashion-mnist'", "fashion-mnits");
}

TEST_F(IdxImport, ASourceThatIsNotThereIsNamed) {
  std::filesystem::remove(source_ + "/train-labels-idx1-ubyte");
  ExpectFailure(StatusCode::kNotFound, "images of split 'train' but not its labels");
  std::filesystem::remove(source_ + "/train-images-idx3-ubyte");
  ExpectFailure(StatusCode::kNotFound, "no files of split 'train'", "fashion-mnist");
  std::filesystem::remove_all(source_);
  std::filesystem::create_directory(source_);
  ExpectFailure(StatusCode::kNotFound, "has no idx files");
  ExpectFailure(StatusCode::kNotFound, "dataset-fashion-mnist", "fashion-mnist");
}

TEST_F(IdxImport, CountsThatDifferAndLabelsOutOfRangeAreNamed) {
  Write(source_ + "/train-labels-idx1-ubyte", Idx({11}, std::string(11, '\1')));
  ExpectFailure(StatusCode::kDataLoss, "has 12 images, but");
  Write(source_ + "/train-labels-idx1-ubyte", Idx({12}, std::string(12, '\12')));
  ExpectFailure(StatusCode::kDataLoss, "expected 0 .. 9", "fashion-mnist");
}

// A picture of 2 x 3 whose values are its places in H W C.
TEST_F(IdxImport, ColourPlanesLastAndFirstGiveTheSamePictures) {
  std::filesystem::remove_all(source_);
  const std::string last = "rgbRGBr1b2G3ABCDEF";
  std::string first;
  for (size_t c = 0; c < 3; ++c) {
    for (size_t i = 0; i < 6; ++i) first += last[3 * i + c];
  }
  std::vector<std::string> digests;
  for (const bool gzip : {false, true}) {
    for (const bool planes_last : {true, false}) {
      std::filesystem::create_directory(source_);
      const std::string images = planes_last ? Idx({2, 2, 3, 3}, last + std::string(18, 'x'))
                                             : Idx({2, 3, 2, 3}, first + std::string(18, 'x'));
      Write(source_ + "/train-images-idx4-ubyte" + (gzip ? ".gz" : ""),
            gzip ? Gzip(images) : images);
      Write(source_ + "/train-labels-idx1-ubyte", Idx({2}, std::string("\1\0", 2)));
      ImportOptions job;
      job.kind = "idx";
      job.path = source_;
      job.options = {{"planes", planes_last ? "rgb-last" : "rgb-first"}};
      job.out = scratch_ / "out";
      const auto report = ImportDataset(job);
      ASSERT_TRUE(report.ok()) << report.status();
      digests.push_back(report->info.digest.ToHex());
      const auto dataset = Dataset::Open(scratch_ / "out");
      std::vector<std::string> pictures;
      for (uint64_t id = 0; id < 2; ++id) {
        const ImageSample sample = ImageSample::Of(*(*dataset)->Read(SampleId(id)));
        EXPECT_EQ(sample.height, 2);
        EXPECT_EQ(sample.width, 3);
        EXPECT_EQ(sample.channels, 3);
        pictures.push_back(sample.pixels);
      }
      EXPECT_THAT(pictures, UnorderedElementsAre(last, std::string(18, 'x')));
      std::filesystem::remove_all(scratch_ / "out");
      std::filesystem::remove_all(source_);
    }
  }
  EXPECT_THAT(digests, Each(digests[0]));
}

TEST_F(IdxImport, PlanesThatAreNotThreeAreNamed) {
  Write(source_ + "/train-images-idx4-ubyte", Idx({12, 3, 2, 1}, std::string(72, 'x')));
  std::filesystem::remove(source_ + "/t10k-labels-idx1-ubyte.gz");
  ImportOptions job;
  job.kind = "idx";
  job.path = source_;
  job.out = scratch_ / "out";
  job.options = {{"planes", "rgb-last"}};
  const Status status = ImportDataset(job).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr("has 1 planes"), HasSubstr("planes first?")));
  job.options = {{"planes", "rgb"}};
  EXPECT_THAT(ImportDataset(job).status().message(), HasSubstr("\"rgb-first\""));
}

// What a gzip file unpacks to lies in a file, not in memory: with no room for it the import ends.
TEST_F(IdxImport, NoRoomToUnpackIsSaid) {
  const std::string images = Idx({6, 1000, 1000}, std::string(6'000'000, 'x'));
  Write(source_ + "/t10k-images-idx3-ubyte.gz", Gzip(images));
  ArmWriteFault(WriteFault::kNoSpace, 3);
  ExpectFailure(StatusCode::kResourceExhausted, "no room in '" + scratch_.path() + "' to unpack");
  EXPECT_GE(DisarmWriteFault(), 3);
}

TEST_F(IdxImport, AFileThatIsCutShortMeanwhileEndsTheImport) {
  ImportOptions job;
  job.kind = "idx";
  job.path = source_;
  job.out = scratch_ / "out";
  job.kept_bytes = 0;  // so that it is read twice
  job.progress = [this](std::string_view what, int64_t done, int64_t total) {
    if (what != "decoding" || done != total) return;
    std::filesystem::resize_file(source_ + "/train-images-idx3-ubyte", 30);
  };
  const Status status = ImportDataset(job).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(*ListDir(scratch_.path()), ElementsAre("source"));
}

TEST_F(IdxImport, OnePartTwiceIsRefused) {
  std::filesystem::copy_file(source_ + "/train-labels-idx1-ubyte",
                             source_ + "/train-labels-idx1-ubyte.gz");
  ExpectFailure(StatusCode::kInvalidArgument, "are the same part of the source");
}

TEST_F(IdxImport, AnExistingTargetIsRefusedBeforeTheSourceIsRead) {
  ASSERT_TRUE(Import().ok());
  std::filesystem::remove_all(source_);
  EXPECT_EQ(Import().status().code(), StatusCode::kAlreadyExists);
}

// Fashion-MNIST itself, where its Debian package is installed.
TEST(FashionMnist, Imports) {
  const std::string source = "/usr/share/datasets/fashion-mnist";
  if (!IsDirectory(source))
    GTEST_SKIP() << "no " << source << ": apt install dataset-fashion-mnist";
  const ScratchDirectory scratch;
  const auto report = ImportDataset({.kind = "fashion-mnist",
                                     .path = source,
                                     .out = scratch / "f",
                                     .threads = 2,
                                     .progress = {}});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.Split("train")->count, 60000);
  EXPECT_EQ(report->info.Split("test")->count, 10000);
  EXPECT_EQ(report->info.classes()[9], "Ankle boot");
  EXPECT_EQ(report->info.height, 28);
  EXPECT_NEAR(report->info.channel_mean[0], 0.2860, 5e-5);  // the published statistics
  EXPECT_NEAR(report->info.channel_std[0], 0.3530, 5e-5);
  const auto verified = VerifyDataset(scratch / "f");
  EXPECT_TRUE(verified->ok()) << verified->ToString();
  EXPECT_EQ(verified->records, 70000);
  const auto dataset = Dataset::Open(scratch / "f");
  std::vector<int> counts(10);
  const auto records = (*dataset)->ReadRange(SampleId(10000), 60000);
  ASSERT_TRUE(records.ok()) << records.status();
  for (const Record& record : *records)
    ++counts[static_cast<size_t>(ImageSample::Of(record).label)];
  EXPECT_THAT(counts, ::testing::Each(6000));
}

}  // namespace
}  // namespace lockstep::storage
