// SPDX-License-Identifier: Apache-2.0
// An import holds what it may hold of its source, and no more.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/resident_memory.h"
#include "base/testing/address_limit.h"
#include "storage/importers/testing/import_test.h"

namespace lockstep::storage {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

class ImportMemory : public ImportTest {
 protected:
  ImportMemory() : ImportTest("imagefolder") {}

  // By how much memory grows while `source` is imported.
  int64_t GrowthWith(int64_t kept_bytes) {
    ImportOptions job = OptionsFor(source_);
    job.kept_bytes = kept_bytes;
    malloc_trim(0);  // what was freed before would hide what is kept now
    const int64_t before = ReadResidentMemory().now;
    int64_t most = 0;
    job.progress = [&](std::string_view, int64_t, int64_t) {
      most = std::max(most, ReadResidentMemory().now);
    };
    const auto report = RunJob(std::move(job));
    EXPECT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->info.samples(), 1024);
    return most - before;
  }
};

TEST_F(ImportMemory, HoldsAsMuchOfTheSourceAsItMay) {
  SKIP_IF_SANITIZED();  // its allocator keeps what is freed
  // 1,024 files of 62 kB: 62 MiB. They have a comment, which nobody reads.
  {
    FileMap files;
    for (int i = 0; i < 1024; ++i) {
      std::string jpeg = SomeJpeg(8, 8, i);
      jpeg.insert(2, "\xff\xfe\xf2\x02" + std::string(0xf200, 'c'));
      files["train/cat/" + std::to_string(i) + ".jpg"] = std::move(jpeg);
    }
    Write(files);
  }
  // Beside what is kept: at most 4 MiB that each thread reads, and what a store needs.
  EXPECT_LT(GrowthWith(4 * kMiB), 40 * kMiB);
  EXPECT_GT(GrowthWith(128 * kMiB), 50 * kMiB) << "the measurement sees what is kept";
}

// What an import may take beside its listing and 16 bytes an image; the sources here are larger.
constexpr int64_t kBound = 256 * kMiB;
constexpr int kFiles = 5400;  // of 62 kB: 319 MiB

class LargeSource : public ImportMemory {
 protected:
  // Many names of one file, which has a comment that nobody reads.
  void WriteFolderOfLinks() {
    std::string jpeg = SomeJpeg(8, 8, 1);
    jpeg.insert(2, "\xff\xfe\xf2\x02" + std::string(0xf200, 'c'));
    Write({{"train/cat/0.jpg", jpeg}});
    for (int i = 1; i < kFiles; ++i) {
      std::filesystem::create_hard_link(source_ + "/train/cat/0.jpg",
                                        source_ + "/train/cat/" + std::to_string(i) + ".jpg");
    }
  }

  // By how much memory grows while this is imported, as a program would.
  int64_t GrowthFor(const std::string& path, int64_t samples,
                    int64_t kept_bytes = ImportOptions().kept_bytes) {
    ImportOptions job = OptionsFor(path);
    job.kept_bytes = kept_bytes;
    job.shard_size = 256;
    malloc_trim(0);
    const int64_t before = ReadResidentMemory().now;
    int64_t most = 0;
    job.progress = [&](std::string_view, int64_t, int64_t) {
      most = std::max(most, ReadResidentMemory().now);
    };
    const auto report = RunJob(std::move(job));
    EXPECT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report.ok() && report->info.samples() == samples);
    return most - before;
  }
};

TEST_F(LargeSource, AFolderIsNotHeld) {
  SKIP_IF_SANITIZED();  // its allocator keeps what is freed
  WriteFolderOfLinks();
  EXPECT_LT(GrowthFor(source_, kFiles), kBound);
}

TEST_F(LargeSource, AnArchiveIsNotHeld) {
  SKIP_IF_SANITIZED();
  WriteFolderOfLinks();
  const std::string tar = scratch_ / "source.tar";
  ASSERT_EQ(std::system(("tar --hard-dereference -cf " + tar + " -C " + source_ + " .").c_str()),
            0);
  EXPECT_LT(GrowthFor(tar, kFiles), kBound);
}

class LargeIdx : public LargeSource {
 protected:
  LargeIdx() { kind_ = "idx"; }

  static std::string BigEndian(int64_t number) {
    std::string bytes(4, '\0');
    for (int i = 0; i < 4; ++i) bytes[3 - i] = static_cast<char>(number >> (8 * i));
    return bytes;
  }

  // Black images; the files have holes, so that no disk is filled.
  void WriteIdx(int64_t count, int64_t side) {
    std::filesystem::remove_all(source_);
    const std::string dims = BigEndian(count) + BigEndian(side) + BigEndian(side);
    Write({{"train-images-idx3-ubyte", std::string("\0\0\x08\x03", 4) + dims},
           {"train-labels-idx1-ubyte", std::string("\0\0\x08\x01", 4) + BigEndian(count)}});
    std::filesystem::resize_file(source_ + "/train-images-idx3-ubyte",
                                 static_cast<uintmax_t>(16 + count * side * side));
    std::filesystem::resize_file(source_ + "/train-labels-idx1-ubyte",
                                 static_cast<uintmax_t>(8 + count));
  }
};

TEST_F(LargeIdx, ImagesAreNotHeld) {
  SKIP_IF_SANITIZED();
  WriteIdx(320, 1024);
  EXPECT_LT(GrowthFor(source_, 320), kBound);
}

TEST_F(LargeIdx, AnImageTakesItsNameAnd16Bytes) {
  SKIP_IF_SANITIZED();
  constexpr int64_t kFew = 20'000, kMany = 120'000;
  WriteIdx(kFew, 1);
  const int64_t few = GrowthFor(source_, kFew, 0);
  WriteIdx(kMany, 1);
  const int64_t many = GrowthFor(source_, kMany, 0);
  // A list of names that grows has at times half of it twice, and the allocator keeps some; the
  // values of a sample would be too much.
  constexpr auto kEach = static_cast<int64_t>(16 + 3 * sizeof(std::string));
  EXPECT_LT(many - few, (kMany - kFew) * kEach);
}

}  // namespace
}  // namespace lockstep::storage
