// SPDX-License-Identifier: Apache-2.0
#include "storage/source/class_folders.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "base/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/env/files.h"

namespace lockstep::storage {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Result<ClassFolders> Find(std::vector<std::string> paths, double share = 0) {
  std::sort(paths.begin(), paths.end());
  std::vector<SourceFile> files;
  for (std::string& path : paths) files.push_back({std::move(path), 1});
  return FindClassFolders(files, {share});
}

// "train: 0 a/1.jpg, 1 b/2.jpg": every split with its labels and paths.
std::vector<std::string> SplitsOf(std::vector<std::string> paths, double share = 0) {
  std::sort(paths.begin(), paths.end());
  const Result<ClassFolders> found = Find(paths, share);
  EXPECT_TRUE(found.ok()) << found.status();
  std::vector<std::string> splits;
  if (!found.ok()) return splits;
  for (const ClassFolders::Split& split : found->splits) {
    std::string text = split.name + ":";
    for (const ClassFolders::Sample& sample : split.samples) {
      text += " " + std::to_string(sample.label) + "=" + paths[sample.file];
    }
    splits.push_back(text);
  }
  return splits;
}

std::vector<std::string> RejectedOf(const Result<ClassFolders>& found) {
  std::vector<std::string> rejected;
  for (const RejectedFile& file : found->rejected) {
    rejected.push_back(file.path + ": " + file.reason);
  }
  return rejected;
}

TEST(ClassFolders, TopFoldersThatHoldFoldersAreSplits) {
  const auto found = Find({"train/cat/1.jpg", "train/dog/2.jpg", "val/cat/3.jpg", "val/dog/4.jpg"});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(found->classes, ElementsAre("cat", "dog"));
  EXPECT_THAT(found->warnings, IsEmpty());
  EXPECT_THAT(found->rejected, IsEmpty());
  EXPECT_THAT(SplitsOf({"train/cat/1.jpg", "train/dog/2.jpg", "val/cat/3.jpg", "val/dog/4.jpg"}),
              ElementsAre("train: 0=train/cat/1.jpg 1=train/dog/2.jpg",
                          "val: 0=val/cat/3.jpg 1=val/dog/4.jpg"));
}

TEST(ClassFolders, TopFoldersThatHoldImagesAreClasses) {
  EXPECT_THAT(SplitsOf({"cat/1.jpg", "dog/2.PNG", "cat/3.JPEG"}),
              ElementsAre("train: 0=cat/1.jpg 0=cat/3.JPEG 1=dog/2.PNG"));
}

TEST(ClassFolders, ClassesAreInBytewiseOrder) {
  const auto found = Find({"t/b/1.jpg", "t/a-b/1.jpg", "t/a/1.jpg", "t/B/1.jpg", "t/10/1.jpg",
                           "t/9/1.jpg", "t/\xc3\xa4/1.jpg"});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(found->classes, ElementsAre("10", "9", "B", "a", "a-b", "b", "\xc3\xa4"));
}

TEST(ClassFolders, FoldersThatHoldEverythingArePassedThrough) {
  EXPECT_THAT(SplitsOf({"mydata/train/cat/1.jpg", "mydata/test/cat/2.jpg", "mydata/README.md"}),
              ElementsAre("test: 0=mydata/test/cat/2.jpg", "train: 0=mydata/train/cat/1.jpg"));
  EXPECT_THAT(SplitsOf({"a/b/c/cat/1.jpg", "a/b/c/dog/2.jpg", "labels.csv"}),
              ElementsAre("train: 0=a/b/c/cat/1.jpg 1=a/b/c/dog/2.jpg"));
  EXPECT_THAT(SplitsOf({"cat/1.jpg", "cat/2.jpg"}), ElementsAre("train: 0=cat/1.jpg 0=cat/2.jpg"));
}

TEST(ClassFolders, TheOnlySplitKeepsItsName) {
  EXPECT_THAT(SplitsOf({"val/cat/1.jpg", "val/dog/2.jpg"}),
              ElementsAre("val: 0=val/cat/1.jpg 1=val/dog/2.jpg"));
  EXPECT_THAT(SplitsOf({"x/Test/cat/1.jpg", "x/Test/dog/2.jpg"}),
              ElementsAre("Test: 0=x/Test/cat/1.jpg 1=x/Test/dog/2.jpg"));
  EXPECT_THAT(SplitsOf({"pets/cat/1.jpg", "pets/dog/2.jpg"}),
              ElementsAre("train: 0=pets/cat/1.jpg 1=pets/dog/2.jpg"));
}

TEST(ClassFolders, ImagesThatLieDeeperBelongToTheClass) {
  EXPECT_THAT(
      SplitsOf({"cat/1.jpg", "cat/more/2.jpg", "cat/more/still/3.jpg", "dog/4.jpg"}),
      ElementsAre("train: 0=cat/1.jpg 0=cat/more/2.jpg 0=cat/more/still/3.jpg 1=dog/4.jpg"));
  EXPECT_THAT(
      SplitsOf({"train/cat/x/1.jpg", "train/dog/2.jpg", "val/cat/3.jpg", "val/dog/y/4.jpg"}),
      ElementsAre("train: 0=train/cat/x/1.jpg 1=train/dog/2.jpg",
                  "val: 0=val/cat/3.jpg 1=val/dog/y/4.jpg"));
}

TEST(ClassFolders, ImagesInNoClassFolderAreRejected) {
  const auto found = Find({"stray.jpg", "train/stray.jpg", "train/cat/1.jpg", "val/cat/2.jpg"});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(
      RejectedOf(found),
      ElementsAre("stray.jpg: it lies in no class folder",
                  "train/stray.jpg: it lies directly in the split 'train', in no class folder"));
  EXPECT_EQ(found->splits.size(), 2u);
}

TEST(ClassFolders, StraysInEverySplitAreRejectedToo) {
  const auto found = Find({"train/stray.jpg", "train/cat/1.jpg", "val/stray.jpg", "val/cat/2.jpg"});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(found->classes, ElementsAre("cat"));
  EXPECT_EQ(found->rejected.size(), 2u);
}

TEST(ClassFolders, ASplitWithoutClassFoldersIsLeftOut) {
  const auto found = Find({"train/cat/1.jpg", "train/dog/1.jpg", "test/1.jpg", "test/2.jpg"});
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->splits.size(), 1u);
  EXPECT_EQ(found->splits[0].name, "train");
  EXPECT_EQ(found->rejected.size(), 2u);
  EXPECT_THAT(found->warnings, ElementsAre(HasSubstr("'test' is left out")));
}

TEST(ClassFolders, SplitsOfOtherNamesAreTakenWithAWarning) {
  const auto found = Find({"monday/cat/1.jpg", "tuesday/cat/2.jpg"});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->splits.size(), 2u);
  EXPECT_THAT(found->warnings,
              ElementsAre(AllOf(HasSubstr("'monday', 'tuesday'"), HasSubstr("taken as splits"))));
}

TEST(ClassFolders, ManySplitsOfOtherNamesAreTakenForAMistake) {
  std::vector<std::string> paths;
  for (int i = 0; i < 32; ++i) paths.push_back(Format("c%02d/x/1.jpg", i));
  EXPECT_TRUE(Find(paths).ok());
  paths.push_back("c32/x/1.jpg");
  const Status status = Find(paths).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("33 splits"), HasSubstr("'c00/x/1.jpg'")));
}

TEST(ClassFolders, NeitherSplitsNorClassesIsRefusedWithBothExamples) {
  for (const auto& paths : {std::vector<std::string>{"train/cat/1.jpg", "extra/2.jpg"},
                            {"train/cat/1.jpg", "val/cat/3.jpg", "extra/2.jpg"},
                            {"train/cat/1.jpg", "extra/2.jpg", "extra/deep/3.jpg"}}) {
    const Status status = Find(paths).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr("'extra/2.jpg'"), HasSubstr("'train/cat/1.jpg'"),
                                        HasSubstr("expected SPLIT/CLASS/image.jpg")));
  }
}

TEST(ClassFolders, AnImageBesideTheClassFoldersOfTheOnlyFolderIsRefused) {
  const Status status = Find({"x/stray.jpg", "x/cat/1.jpg", "x/dog/2.jpg"}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("'x/stray.jpg'"), HasSubstr("'x/cat/1.jpg'")));
  EXPECT_THAT(SplitsOf({"train/stray.jpg", "train/cat/1.jpg", "train/dog/2.jpg"}),
              ElementsAre("train: 0=train/cat/1.jpg 1=train/dog/2.jpg"));
}

TEST(ClassFolders, SplitsWithoutClassesAreRefused) {
  const Status status = Find({"train/1.jpg", "test/2.jpg"}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("names of splits"), HasSubstr("'test/2.jpg'")));
}

TEST(ClassFolders, ClassesAreThoseOfAllSplits) {
  const auto found = Find({"train/cat/1.jpg", "train/dog/2.jpg", "val/cat/3.jpg", "val/emu/4.jpg"});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(found->classes, ElementsAre("cat", "dog", "emu"));
  // The import tells of classes that a split lacks, once it knows which images are accepted.
  EXPECT_THAT(found->warnings, IsEmpty());
}

TEST(ClassFolders, LongListsOfNamesAreCut) {
  std::vector<std::string> paths;
  for (int i = 10; i < 30; ++i) paths.push_back("c" + std::to_string(i) + "/cat/1.jpg");
  const auto found = Find(paths);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(found->warnings, ElementsAre(HasSubstr("'c17' and 12 more are taken as splits")));
}

TEST(ClassFolders, OtherImagesAreRejectedAndOtherFilesCounted) {
  const auto found = Find({"cat/1.jpg", "cat/2.bmp", "dog/3.WEBP", "dog/4.jpg", "a.txt",
                           "cat/b.TXT", "dog/c.csv", "LICENSE", "cat/noext"});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(RejectedOf(found),
              ElementsAre("cat/2.bmp: it is not a JPEG or PNG file; convert it",
                          "dog/3.WEBP: it is not a JPEG or PNG file; convert it"));
  EXPECT_THAT(
      found->warnings,
      ElementsAre("left out, as they are no images: 2 files without extension, 1 file .csv, "
                  "2 files .txt"));
}

// testdata/image_folder_reference.py has asked torchvision's ImageFolder for the answers.
TEST(ClassFolders, AreTorchvisionsImageFolder) {
  const auto answers = nlohmann::json::parse(
      *ReadRegularFile(LOCKSTEP_SOURCE_DIR "/storage/source/testdata/image_folder_answers.json"));
  using Sample = std::tuple<std::string, std::string, int64_t>;  // path, class, label
  for (const auto& answer : answers) {
    auto paths = answer["paths"].get<std::vector<std::string>>();
    std::sort(paths.begin(), paths.end());
    const auto found = Find(paths);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->classes, answer["classes"].get<std::vector<std::string>>());
    ASSERT_EQ(found->splits.size(), answer["splits"].size());
    for (const ClassFolders::Split& split : found->splits) {
      std::set<Sample> ours, theirs;
      for (const auto& sample : split.samples) {
        ours.emplace(paths[sample.file], found->classes.at(static_cast<size_t>(sample.label)),
                     sample.label);
      }
      for (const auto& sample : answer["splits"][found->splits.size() == 1 ? "" : split.name]) {
        theirs.emplace(sample[0], sample[1], sample[2]);
      }
      EXPECT_FALSE(theirs.empty());
      EXPECT_EQ(ours, theirs) << split.name;
    }
  }
}

TEST(ClassFolders, NoImagesInFoldersIsNotFound) {
  EXPECT_THAT(Find({}).status().message(), HasSubstr("it has no files"));
  EXPECT_THAT(Find({"a.jpg", "b.png"}).status().message(), HasSubstr("'a.jpg': it lies in no"));
  EXPECT_THAT(Find({"cat/a.gif"}).status().message(), HasSubstr("not a JPEG"));
  EXPECT_THAT(Find({"cat/a.txt"}).status().message(), HasSubstr("'cat/a.txt'"));
  for (const auto& paths : {std::vector<std::string>{}, {"a.jpg"}, {"cat/a.txt"}}) {
    EXPECT_EQ(Find(paths).status().code(), StatusCode::kNotFound);
  }
}

TEST(ClassFolders, TheValidationShareIsTakenOfEachClassByItself) {
  std::vector<std::string> paths;
  for (int i = 0; i < 10; ++i) paths.push_back("cat/" + std::to_string(i) + ".jpg");
  for (int i = 0; i < 5; ++i) paths.push_back("dog/" + std::to_string(i) + ".jpg");
  const std::vector<std::string> splits = SplitsOf(paths, 0.2);
  ASSERT_EQ(splits.size(), 2u);
  EXPECT_EQ(splits[1], "val: 0=cat/4.jpg 0=cat/9.jpg 1=dog/4.jpg");
  paths.push_back("ape/1.jpg");  // another class changes nothing but the labels
  EXPECT_EQ(SplitsOf(paths, 0.2)[1], "val: 1=cat/4.jpg 1=cat/9.jpg 2=dog/4.jpg");
}

TEST(ClassFolders, EveryShareGivesItsPartOfAClass) {
  std::vector<std::string> paths;
  for (int i = 0; i < 1000; ++i) paths.push_back(Format("a/%04d.jpg", i));
  for (const double share : {0.001, 0.1, 0.25, 0.333, 0.5, 0.9, 0.999}) {
    const auto found = Find(paths, share);
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ(found->splits.size(), 2u) << share;
    EXPECT_EQ(found->splits[1].name, "val");
    EXPECT_EQ(static_cast<double>(found->splits[1].samples.size()), std::floor(1000 * share));
  }
}

TEST(ClassFolders, ClassesTooSmallForAValAreNamed) {
  const auto none = Find({"cat/1.jpg", "dog/1.jpg"}, 0.5);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(none->splits.size(), 1u);
  EXPECT_THAT(none->warnings, Contains(HasSubstr("too small")));
}

TEST(ClassFolders, SharesThatCannotBeAreRefused) {
  for (const double share : {-0.1, 1.0, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(Find({"cat/1.jpg"}, share).status().code(), StatusCode::kInvalidArgument) << share;
  }
  const Status status = Find({"train/cat/1.jpg", "val/cat/2.jpg"}, 0.1).status();
  EXPECT_THAT(status.message(), HasSubstr("splits of its own"));
}

}  // namespace
}  // namespace lockstep::storage
