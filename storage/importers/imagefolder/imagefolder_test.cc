// SPDX-License-Identifier: Apache-2.0
// Photographs in class folders, through the whole import.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <iterator>

#include "storage/env/testing/write_faults.h"
#include "storage/image/testing/known_images.h"
#include "storage/importers/importer.h"
#include "storage/importers/testing/import_test.h"

namespace lockstep::storage {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// 10 images of two classes in `train`, 4 in `val`.
FileMap Photographs() {
  FileMap files;
  for (int i = 0; i < 10; ++i) {
    const std::string name = std::string(i % 2 == 0 ? "cat/" : "dog/") + std::to_string(i);
    files["train/" + name + ".jpg"] = SomeJpeg(8 + i, 12, i);
    if (i < 4) files["val/" + name + ".png"] = SomePng(9, 10 + i, i);
  }
  return files;
}

class ImageFolder : public ImportTest {
 protected:
  ImageFolder() : ImportTest("imagefolder") {}

  // Imports `train/a/good.jpg` and this file beside it, which is left out for this reason.
  void ExpectLeftOut(const std::string& path, const std::string& bytes, const std::string& reason) {
    std::filesystem::remove_all(source_);
    Write({{"train/a/good.jpg", SomeJpeg(8, 8)}, {path, bytes}});
    const auto report = Import();
    ASSERT_TRUE(report.ok()) << path << ": " << report.status();
    EXPECT_EQ(report->info.samples(), 1) << path;
    EXPECT_THAT(report->info.rejected, ElementsAre(AllOf(HasSubstr(path), HasSubstr(reason))));
    ASSERT_THAT(report->info.rejected_for, SizeIs(1)) << path;
    EXPECT_EQ(report->info.rejected_for.begin()->second, 1) << path;
  }
};

TEST_F(ImageFolder, KeepsTheBytesOfTheFilesWithTheirClasses) {
  const FileMap files = Photographs();
  Write(files);
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->warnings, IsEmpty());
  EXPECT_THAT(report->info.rejected, IsEmpty());
  EXPECT_THAT(report->info.classes(), ElementsAre("cat", "dog"));
  EXPECT_EQ(report->info.Split("train")->count, 10);
  EXPECT_EQ(report->info.Split("val")->count, 4);
  EXPECT_THAT(report->info.channel_mean, SizeIs(3));
  const auto records = Records();
  ASSERT_EQ(records.size(), 14u);
  const Record& image = records.at("train:train/dog/3.jpg");
  EXPECT_EQ(image.field(0).bytes, files.at("train/dog/3.jpg"));
  EXPECT_EQ(image.field(0).encoding, Encoding::kJpeg);
  EXPECT_THAT(image.field(0).dims, ElementsAre(11, 12, 3, 0));
  EXPECT_EQ(LabelOf(image.field(1)), 1);
  EXPECT_EQ(records.at("val:val/cat/2.png").field(0).encoding, Encoding::kPng);
}

TEST_F(ImageFolder, FolderAndArchivesGiveOneDigestWithAnyNumberOfThreads) {
  const FileMap files = Photographs();
  Write(files);
  Overwrite(scratch_ / "s.tar", Tar(files));
  Overwrite(scratch_ / "s.tar.gz", Gzip(Tar(files)));
  Overwrite(scratch_ / "s.zip", Zip(files));
  const std::string digest = DigestOf(source_, 1);
  EXPECT_EQ(DigestOf(source_, 2), digest);
  EXPECT_EQ(DigestOf(source_, 5), digest);
  EXPECT_EQ(DigestOf(scratch_ / "s.tar"), digest);
  EXPECT_EQ(DigestOf(scratch_ / "s.tar.gz"), digest);
  EXPECT_EQ(DigestOf(scratch_ / "s.zip"), digest);
  EXPECT_THAT(*ListDir(scratch_.path()),
              UnorderedElementsAre("out", "source", "s.tar", "s.tar.gz", "s.zip"));
  Overwrite(source_ + "/val/cat/0.png", SomePng(9, 10, 77));
  EXPECT_NE(DigestOf(source_), digest);
}

TEST_F(ImageFolder, AShareBecomesValWhereThereAreNoSplits) {
  for (int i = 0; i < 10; ++i) {
    Write({{"cat/" + std::to_string(i) + ".png", SomePng(4, 4, i)},
           {"dog/" + std::to_string(i) + ".png", SomePng(4, 4, 10 + i)}});
  }
  const auto report = Import({{"val_share", 0.2}});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.Split("train")->count, 16);
  EXPECT_EQ(report->info.Split("val")->count, 4);
  EXPECT_THAT(Paths(), AllOf(Contains("val:cat/4.png"), Contains("val:dog/9.png"),
                             Contains("train:cat/3.png")));
  const Status refused = Import({{"val_share", 1.0}}).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), HasSubstr("val_share"));
}

TEST_F(ImageFolder, ClassesThatASplitLacksAreToldOf) {
  Write({{"train/a/1.png", SomePng(4, 4)},
         {"train/b/2.png", SomePng(4, 4, 1)},
         {"val/a/3.png", SomePng(4, 4, 2)},
         {"val/c/4.png", SomePng(4, 4, 3)}});
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->info.classes(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(report->warnings, AllOf(Contains(AllOf(HasSubstr("'train'"), HasSubstr("'c'"))),
                                      Contains(AllOf(HasSubstr("'val'"), HasSubstr("'b'")))));
}

TEST_F(ImageFolder, FilesThatAreNoPhotographsAreLeftOutWithTheReason) {
  const std::string jpeg = SomeJpeg(40, 40);
  ExpectLeftOut("train/a/cut.jpg", jpeg.substr(0, jpeg.size() / 2), "cannot be decoded");
  std::string huge = jpeg;
  const size_t frame = huge.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  huge.replace(frame + 5, 4, "\xff\xff\xff\xff");  // its height and width
  ExpectLeftOut("train/a/huge.jpg", huge, "65535x65535 pixels");
  ExpectLeftOut("train/a/empty.jpg", "", "empty");
  ExpectLeftOut("train/a/page.jpg", "<!DOCTYPE html><html><body>404</body></html>", "HTML");
  ExpectLeftOut("train/a/text.png", "no picture", "JPEG");
  ExpectLeftOut("train/a/moving.png", FileOfTestdata("animated.png"), "animated");
  ExpectLeftOut("train/a/photo.bmp", "BM", "it is not a JPEG or PNG file; convert it");
  ExpectLeftOut("train/loose.jpg", jpeg, "in no class folder");
}

TEST_F(ImageFolder, TheBytesDecideNotTheName) {
  Write({{"train/a/1.jpg", SomePng(6, 7)}, {"train/a/2.png", SomeJpeg(6, 7)}});
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->info.rejected, IsEmpty());
  const auto records = Records();
  EXPECT_EQ(records.at("train:train/a/1.jpg").field(0).encoding, Encoding::kPng);
  EXPECT_EQ(records.at("train:train/a/2.png").field(0).encoding, Encoding::kJpeg);
}

TEST_F(ImageFolder, AlikeReasonsAreCountedTogether) {
  Write({{"train/a/good.jpg", SomeJpeg(8, 8)}});
  for (int i = 0; i < 5; ++i) {
    const std::string jpeg = SomeJpeg(40, 40 + i, i);
    Write({{"train/a/cut" + std::to_string(i) + ".jpg", jpeg.substr(0, jpeg.size() / 2)},
           {"train/a/page" + std::to_string(i) + ".jpg", "<html><body>404</body></html>"}});
  }
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->info.rejected, SizeIs(10));
  EXPECT_THAT(report->info.rejected_for,
              ElementsAre(Pair(HasSubstr("cannot be decoded"), 5), Pair(HasSubstr("HTML"), 5)));
}

TEST_F(ImageFolder, NamesAndLinksThatLeadAwayAreLeftOut) {
  Write({{"train/a/good.jpg", SomeJpeg(8, 8)}, {"train/a/bad\xff.jpg", SomeJpeg(8, 8)}});
  Overwrite(scratch_ / "outside.jpg", SomeJpeg(8, 8));
  ASSERT_EQ(::symlink((scratch_ / "outside.jpg").c_str(), (source_ + "/train/a/link.jpg").c_str()),
            0);
  const auto folder = Import();
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_EQ(folder->info.samples(), 1);
  EXPECT_THAT(folder->info.rejected,
              UnorderedElementsAre(AllOf(HasSubstr("bad\\xff.jpg"), HasSubstr("not UTF-8")),
                                   AllOf(HasSubstr("link.jpg"), HasSubstr("out of the source"))));
  EXPECT_THAT(folder->info.rejected_for,
              Contains(Pair(AllOf(HasSubstr("out of the source"), Not(HasSubstr("outside"))), 1)));

  Overwrite(scratch_ / "s.tar", TarMember("train/a/good.jpg", SomeJpeg(8, 8)) +
                                    TarMember("../train/a/up.jpg", SomeJpeg(8, 8)) +
                                    TarMember("train/a/link.jpg", "good.jpg", '2') + TarEnd());
  const auto tar = RunJob(OptionsFor(scratch_ / "s.tar"));
  ASSERT_TRUE(tar.ok()) << tar.status();
  EXPECT_THAT(tar->info.rejected,
              UnorderedElementsAre(AllOf(HasSubstr("../train/a/up.jpg"), HasSubstr("'..'")),
                                   AllOf(HasSubstr("link.jpg"), HasSubstr("symbolic link"))));
  EXPECT_FALSE(PathExists(ParentOf(scratch_.path()) + "/train/a/up.jpg"));
}

TEST_F(ImageFolder, AnArchiveWithTwoFilesOfOneNameIsRefused) {
  Write({});
  const std::string member = TarMember("train/a/1.jpg", SomeJpeg(8, 8));
  Overwrite(source_ + "/s.tar", member + member + TarEnd());
  const Status status = RunJob(OptionsFor(source_ + "/s.tar")).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(status.message(), HasSubstr("'train/a/1.jpg': its entries number 1 and 2"));
  EXPECT_THAT(*ListDir(scratch_.path()), ElementsAre("source"));
}

TEST_F(ImageFolder, ASourceWithoutAnyGoodImageIsRefusedWithAnExample) {
  Write({{"train/a/1.jpg", "<html></html>"}});
  ExpectFailure(StatusCode::kDataLoss, "of 1 the first is 'train/a/1.jpg': ");
}

TEST_F(ImageFolder, ASourceThatChangesMeanwhileIsRefused) {
  Write(Photographs());
  for (const std::string& other : {SomeJpeg(8, 12, 77), std::string("gone wrong"), std::string()}) {
    Write(Photographs());
    ImportOptions job = OptionsFor(source_);
    job.kept_bytes = 0;  // so that each file is read twice
    bool changed = false;
    job.progress = [&](std::string_view what, int64_t done, int64_t total) {
      if (what != "decoding" || done != total || changed) return;
      changed = true;
      if (other.empty()) {
        std::filesystem::remove(source_ + "/train/cat/0.jpg");
      } else {
        Overwrite(source_ + "/train/cat/0.jpg", other);
      }
    };
    const Status status = ImportDataset(job).status();
    EXPECT_TRUE(changed);
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(status.message(), HasSubstr("'train/cat/0.jpg' changed while it was imported"));
    EXPECT_THAT(*ListDir(scratch_.path()), ElementsAre("source"));
  }
}

TEST_F(ImageFolder, WhatIsKeptBetweenThePassesShowsInNothing) {
  FileMap files = Photographs();
  for (int i = 0; i < 300; ++i) {
    files["train/dog/" + std::to_string(1000 + i) + ".jpg"] = SomeJpeg(5 + i % 9, 7, i);
  }
  files["train/dog/1100.jpg"] = "<html></html>";
  Write(files);
  const std::string digest = DigestOf(source_, 1);
  for (const int64_t kept : {int64_t{0}, int64_t{5} << 20}) {
    for (const int threads : {1, 3}) {
      ImportOptions job = OptionsFor(source_);
      job.kept_bytes = kept;
      job.threads = threads;
      const auto report = RunJob(std::move(job));
      ASSERT_TRUE(report.ok()) << report.status();
      EXPECT_EQ(report->info.digest.ToHex(), digest) << kept << " bytes, " << threads;
      EXPECT_EQ(report->info.rejected.size(), 1u);
    }
  }
}

// A source whose files are kept is read once: a file may go as soon as it has been looked at.
TEST_F(ImageFolder, FilesThatAreKeptAreReadOnce) {
  Write(Photographs());
  const std::string digest = DigestOf(source_);
  ImportOptions job = OptionsFor(source_);
  job.progress = [&](std::string_view what, int64_t done, int64_t total) {
    if (what == "decoding" && done == total) std::filesystem::remove_all(source_ + "/train");
  };
  const auto report = RunJob(std::move(job));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.digest.ToHex(), digest);
}

TEST_F(ImageFolder, AClassThatASplitLacksIsNamedOnce) {
  FileMap files = Photographs();
  for (auto at = files.begin(); at != files.end();) {
    at = at->first.starts_with("val/dog/") ? files.erase(at) : std::next(at);
  }
  files["val/dog/broken.jpg"] = "<html></html>";
  Write(files);
  const auto mentions = [](const std::vector<std::string>& warnings) {
    return std::count_if(warnings.begin(), warnings.end(), [](const std::string& line) {
      return line.find("'dog'") != std::string::npos;
    });
  };
  const std::string expected = "split 'val' has no sample, and split 'train' some, of class 'dog'";
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->warnings, Contains(expected));
  EXPECT_EQ(mentions(report->warnings), 1);
  ImportOptions job = OptionsFor(source_);
  job.check_only = true;
  const auto checked = ImportDataset(job);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->warnings, report->warnings);
}

TEST_F(ImageFolder, ACheckReportsAndWritesNothing) {
  FileMap files = Photographs();
  files["train/cat/page.jpg"] = "<html></html>";
  Write({});
  Overwrite(source_ + "/s.tar", Tar(files));
  ImportOptions job = OptionsFor(source_ + "/s.tar");
  job.check_only = true;
  const auto report = ImportDataset(job);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.samples(), 14);
  EXPECT_EQ(report->info.Split("val")->count, 4);
  EXPECT_THAT(report->info.classes(), ElementsAre("cat", "dog"));
  EXPECT_THAT(report->info.rejected_for, ElementsAre(Pair(HasSubstr("HTML"), 1)));
  EXPECT_THAT(*ListDir(scratch_.path()), ElementsAre("source"));
}

TEST_F(ImageFolder, AWishToStopIsServedInEveryPartAndLeavesNothing) {
  Write({});
  Overwrite(source_ + "/s.tar.gz", Gzip(Tar(Photographs())));
  for (const std::string part : {"reading the archive", "decoding", "writing"}) {
    std::atomic<bool> stop{false};
    ImportOptions job = OptionsFor(source_ + "/s.tar.gz");
    job.stop = &stop;
    job.progress = [&](std::string_view what, int64_t, int64_t) { stop = stop || what == part; };
    const Status status = ImportDataset(job).status();
    EXPECT_TRUE(stop) << part;
    EXPECT_EQ(status.code(), StatusCode::kCancelled) << part << ": " << status;
    EXPECT_THAT(*ListDir(scratch_.path()), ElementsAre("source")) << part;
  }
}

TEST_F(ImageFolder, AFullDiskIsSaidAtEveryWriteAndLeavesNothing) {
  Write({});
  Overwrite(source_ + "/s.tar", Tar(Photographs()));
  const ImportOptions job = OptionsFor(source_ + "/s.tar");
  ArmWriteFault(WriteFault::kNoSpaceOnce, 0);
  ASSERT_TRUE(ImportDataset(job).ok());
  const int64_t writes = DisarmWriteFault();
  std::filesystem::remove_all(job.out);
  ASSERT_GT(writes, 20);
  for (int64_t nth = 1; nth <= writes; nth += 3) {
    ArmWriteFault(WriteFault::kNoSpace, nth);
    const Status status = ImportDataset(job).status();
    DisarmWriteFault();
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << "write " << nth << ": " << status;
    EXPECT_THAT(*ListDir(scratch_.path()), ElementsAre("source")) << "write " << nth;
  }
}

TEST_F(ImageFolder, ANameThatNoSplitMayHaveIsSaidBeforeAnythingIsDecoded) {
  Write({{"train/a/0.jpg", SomeJpeg(8, 8)}, {"Test Set/a/1.jpg", SomeJpeg(8, 8)}});
  ImportOptions job = OptionsFor(source_);
  job.progress = [](std::string_view what, int64_t, int64_t) { EXPECT_NE(what, "decoding"); };
  for (const bool check_only : {false, true}) {
    job.check_only = check_only;
    const Status status = ImportDataset(job).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr("'Test Set'"), HasSubstr("rename")));
  }
  EXPECT_THAT(*ListDir(scratch_.path()), ElementsAre("source"));
}

TEST_F(ImageFolder, ASourceWhosePathIsNotUtf8IsNamedWithItsBytesEscaped) {
  const std::string source = scratch_ / "fl\xffwers";
  WriteFolder(source, Photographs());
  const auto report = RunJob(OptionsFor(source));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT((*Dataset::Open(scratch_ / "out"))->info().source, HasSubstr("/fl\\xffwers"));
}

// Files of 2 GB with nothing in them take no room themselves.
TEST_F(ImageFolder, ADiskThatIsTooSmallIsSaidBeforeAnythingIsDecoded) {
  Write({{"train/a/0.jpg", SomeJpeg(8, 8)}});
  const auto space = std::filesystem::space(scratch_.path());
  const auto files = static_cast<int64_t>(space.available / SourceFiles::kMostBytes) + 1;
  if (files > 4000) GTEST_SKIP() << "the disk has more than 8 TB free";
  for (int64_t i = 1; i <= files; ++i) {
    const std::string path = source_ + "/train/a/" + std::to_string(i) + ".jpg";
    Overwrite(path, "");
    if (::truncate(path.c_str(), SourceFiles::kMostBytes) != 0) {
      GTEST_SKIP() << "this file system has no files with holes";
    }
  }
  ImportOptions job = OptionsFor(source_);
  job.progress = [](std::string_view what, int64_t, int64_t) { EXPECT_NE(what, "decoding"); };
  const Status status = ImportDataset(job).status();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr("no space left for dataset"), HasSubstr("kB free"),
                                      HasSubstr("--out")));
  EXPECT_THAT(*ListDir(scratch_.path()), ElementsAre("source"));
}

}  // namespace
}  // namespace lockstep::storage
