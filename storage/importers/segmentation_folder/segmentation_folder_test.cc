// SPDX-License-Identifier: Apache-2.0
// Photographs with masks, through the whole import.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "storage/image/testing/known_images.h"
#include "storage/importers/testing/import_test.h"

namespace lockstep::storage {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A mask of 4 x 6 whose values are 0, 1, 255 and `last`.
std::string Mask(uint8_t last = 1) {
  std::vector<uint8_t> values(24, 0);
  values[3] = 1;
  values[9] = 255;
  values[20] = last;
  return GreyPng(4, 6, values);
}

class SegmentationFolderImport : public ImportTest {
 protected:
  SegmentationFolderImport() : ImportTest("segmentation-folder") {}
};

TEST_F(SegmentationFolderImport, ImagesAndMasksOfOneNameAreSamples) {
  const FileMap files = {
      {"s/classes.txt", "road\nsky\n"},  {"s/train/images/a/1.jpg", SomeJpeg(4, 6, 1)},
      {"s/train/masks/a/1.png", Mask()}, {"s/train/images/2.png", SomePng(4, 6, 2)},
      {"s/train/masks/2.png", Mask()},   {"s/val/images/1.JPEG", SomeJpeg(4, 6, 3)},
      {"s/val/masks/1.PNG", Mask()}};
  Write(files);
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->info.rejected, IsEmpty());
  EXPECT_THAT(report->warnings, IsEmpty());
  EXPECT_EQ(report->info.schema.ToString(), "image image, mask mask (2 classes)");
  EXPECT_THAT(report->info.classes(), ElementsAre("road", "sky"));
  EXPECT_THAT(Paths(), ElementsAre("train:s/train/images/2.png", "train:s/train/images/a/1.jpg",
                                   "val:s/val/images/1.JPEG"));
  const auto records = Records();
  const Record& record = records.at("train:s/train/images/a/1.jpg");
  EXPECT_EQ(record.field(0).bytes, files.at("s/train/images/a/1.jpg"));
  EXPECT_EQ(record.field(1).bytes, files.at("s/train/masks/a/1.png"));
  EXPECT_EQ(record.field(1).encoding, Encoding::kPng);
  EXPECT_THAT(record.field(1).dims, ElementsAre(4, 6, 0, 0));
  Overwrite(scratch_ / "s.tar", Tar(files));
  EXPECT_EQ(DigestOf(scratch_ / "s.tar", 5), report->info.digest.ToHex());
}

TEST_F(SegmentationFolderImport, WithoutSplitsAShareBecomesVal) {
  Write({{"classes.txt", "a\nb"}, {"notes.txt", "words"}});
  for (int i = 0; i < 10; ++i) {
    Write({{"images/" + std::to_string(i) + ".jpg", SomeJpeg(4, 6, i)},
           {"masks/" + std::to_string(i) + ".png", Mask()}});
  }
  const auto report = Import({{"val_share", 0.2}});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.Split("train")->count, 8);
  EXPECT_THAT(Paths(), AllOf(Contains("val:images/4.jpg"), Contains("val:images/9.jpg")));
  EXPECT_THAT(report->warnings, Contains(HasSubstr("1 file is left out")));
  EXPECT_EQ(Import()->info.Split("train")->count, 10);
}

TEST_F(SegmentationFolderImport, AMaskMayBeAPalette) {
  const KnownImage palette = KnownImageOf("palette.png");
  Write({{"images/1.png", SomePng(palette.header.height, palette.header.width)},
         {"masks/1.png", palette.bytes}});
  std::string names;
  for (int i = 0; i < 256; ++i) names += "class " + std::to_string(i) + "\n";
  Overwrite(scratch_ / "names.txt", names);
  const auto report = Import({{"classes", scratch_ / "names.txt"}});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.classes().size(), 256u);
}

TEST_F(SegmentationFolderImport, WhatDoesNotFitIsLeftOutWithTheReason) {
  Write({{"classes.txt", "road\nsky\n"},
         {"images/good.jpg", SomeJpeg(4, 6)},
         {"masks/good.png", Mask()},
         {"images/value.jpg", SomeJpeg(4, 6)},
         {"masks/value.png", Mask(2)},
         {"images/size.jpg", SomeJpeg(4, 7)},
         {"masks/size.png", Mask()},
         {"images/colours.jpg", SomeJpeg(4, 6)},
         {"masks/colours.png", SomePng(4, 6)},
         {"images/lone.jpg", SomeJpeg(4, 6)},
         {"masks/lonely.png", Mask()},
         {"masks/lossy.jpg", SomeJpeg(4, 6)},
         {"images/film.gif", "GIF89a"},
         {"images/good.png", SomePng(4, 6)}});
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.samples(), 1);
  EXPECT_THAT(
      report->info.rejected,
      UnorderedElementsAre(
          AllOf(HasSubstr("images/value.jpg"), HasSubstr("value 2 and there are 2 classes")),
          AllOf(HasSubstr("images/size.jpg"), HasSubstr("the mask is 4x6 and its image 4x7")),
          AllOf(HasSubstr("images/colours.jpg"), HasSubstr("palette")),
          AllOf(HasSubstr("images/lone.jpg"), HasSubstr("no mask")),
          AllOf(HasSubstr("masks/lonely.png"), HasSubstr("no image")),
          AllOf(HasSubstr("masks/lossy.jpg"), HasSubstr("must be a PNG")),
          AllOf(HasSubstr("images/film.gif"), HasSubstr("not a JPEG or PNG")),
          AllOf(HasSubstr("images/good.png"), HasSubstr("'images/good.jpg' has the same"))));
}

TEST_F(SegmentationFolderImport, SourcesThatAreNotOfThisKindAreRefused) {
  Write({{"images/1.jpg", SomeJpeg(4, 6)}, {"masks/1.png", Mask()}});
  ExpectFailure(StatusCode::kNotFound, "has no classes.txt");
  Write({{"classes.txt", "road\n\nsky\n"}});
  ExpectFailure(StatusCode::kDataLoss, "'classes.txt', line 2: it is empty");
  Write({{"classes.txt", "road\nroad\n"}});
  ExpectFailure(StatusCode::kDataLoss, "'road' stands there twice");
  Write({{"classes.txt", "road\r\nsky\r\n"}, {"val/images/1.jpg", SomeJpeg(4, 6)}});
  ExpectFailure(StatusCode::kInvalidArgument, "with a split and without one");
  std::filesystem::remove_all(source_ + "/images");
  ExpectFailure(StatusCode::kInvalidArgument, "splits of its own", {{"val_share", 0.5}});
  std::filesystem::remove_all(source_ + "/val");
  ExpectFailure(StatusCode::kNotFound, "the source has no images; expected images/");
}

}  // namespace
}  // namespace lockstep::storage
