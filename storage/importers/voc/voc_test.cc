// SPDX-License-Identifier: Apache-2.0
// Pascal VOC, through the whole import.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "storage/importers/testing/import_test.h"
#include "storage/importers/voc/voc_annotation.h"

namespace lockstep::storage {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::string Object(const std::string& name, const std::string& xmin, const std::string& ymin,
                   const std::string& xmax, const std::string& ymax, bool difficult = false) {
  return "<object><name>" + name + "</name><difficult>" + (difficult ? "1" : "0") +
         "</difficult>\n<bndbox><xmin>" + xmin + "</xmin><ymin>" + ymin + "</ymin><xmax>" + xmax +
         "</xmax><ymax>" + ymax + "</ymax></bndbox></object>\n";
}

std::string Annotation(const std::string& objects, const std::string& width = "30") {
  return "<annotation>\n<filename>another.jpg</filename><size><width>" + width +
         "</width><height>20</height><depth>3</depth></size>\n" + objects + "</annotation>\n";
}

// Three images of 20 x 30: one in each of `train`, `val` and `test`.
FileMap Small() {
  return {{"V/JPEGImages/a.jpg", SomeJpeg(20, 30, 1)},
          {"V/JPEGImages/b.png", SomePng(20, 30, 2)},
          {"V/JPEGImages/c.jpg", SomeJpeg(20, 30, 3)},
          {"V/Annotations/a.xml", Annotation(Object("dog", "1", "2", "30", "20") +
                                             Object("cat", "5", "5", "5", "5", true))},
          {"V/Annotations/b.xml", Annotation(Object("dog", "3.5", "4", "9", "12"))},
          {"V/Annotations/c.xml", Annotation("")},
          {"V/ImageSets/Main/train.txt", "a\n"},
          {"V/ImageSets/Main/val.txt", "b\r\n"},
          {"V/ImageSets/Main/trainval.txt", "a\nb\n"},
          {"V/ImageSets/Main/dog_train.txt", "a  1\n"},
          {"V/ImageSets/Main/test.txt", "c"}};
}

TEST(VocAnnotation, CornersBeginAtZeroAndTheFarOnesAreOutside) {
  const auto read = ParseVoc(Annotation(Object("dog", "1", "2", "30", "20", true)));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->height, 20);
  EXPECT_EQ(read->width, 30);
  ASSERT_EQ(read->objects.size(), 1u);
  const VocObject& object = read->objects[0];
  EXPECT_THAT((std::vector<float>{object.x1, object.y1, object.x2, object.y2}),
              ElementsAre(0, 1, 30, 20));
  EXPECT_TRUE(object.difficult);
}

TEST(VocAnnotation, PartsOfAnObjectAreNoObjects) {
  const auto read = ParseVoc(
      Annotation("<object><name>person</name><part><name>head</name><bndbox><xmin>1</xmin>"
                 "</bndbox></part><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax>"
                 "</bndbox></object>"));
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->objects.size(), 1u);
  EXPECT_EQ(read->objects[0].name, "person");
  EXPECT_EQ(read->objects[0].x2, 2);
}

TEST(VocAnnotation, WhatIsNoneIsRefusedWithItsLine) {
  const auto error = [](const std::string& text) { return ParseVoc(text).status().message(); };
  EXPECT_THAT(error("<annotations/>"), HasSubstr("<annotations>; expected <annotation>"));
  EXPECT_THAT(error("no xml"), HasSubstr("line 1"));
  EXPECT_THAT(error(Annotation("<object/>")), HasSubstr("line 3: the object has no <name>"));
  EXPECT_THAT(error(Annotation("<object><name>x</name></object>")), HasSubstr("no <bndbox>"));
  EXPECT_THAT(error(Annotation("<object><name>x</name><bndbox/></object>")),
              HasSubstr("the box has no <xmin>"));
  EXPECT_THAT(error(Annotation(Object("x", "1", "two", "3", "4"))),
              HasSubstr("line 4: <ymin> is 'two'; expected a number"));
}

class Voc : public ImportTest {
 protected:
  Voc() : ImportTest("voc") {}
};

TEST_F(Voc, ListsMakeTheSplitsAndObjectsTheBoxes) {
  Write(Small());
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->info.rejected, IsEmpty());
  EXPECT_THAT(report->warnings, IsEmpty());
  EXPECT_EQ(report->info.schema.ToString(),
            "image image, boxes boxes, box_labels box_labels of boxes (2 classes), "
            "box_flags box_flags of boxes");
  EXPECT_THAT(report->info.classes(), ElementsAre("cat", "dog"));
  EXPECT_EQ(report->info.schema.Find("boxes")->most, 2);
  EXPECT_THAT(Paths(), ElementsAre("test:V/JPEGImages/c.jpg", "train:V/JPEGImages/a.jpg",
                                   "val:V/JPEGImages/b.png"));
  const auto records = Records();
  const Record& a = records.at("train:V/JPEGImages/a.jpg");
  EXPECT_THAT(NumbersOf<float>(a.field(1)), ElementsAre(0, 1, 30, 20, 4, 4, 5, 5));
  EXPECT_THAT(NumbersOf<int32_t>(a.field(2)), ElementsAre(1, 0));
  EXPECT_EQ(a.field(3).bytes, std::string("\0\2", 2));
  const Record& b = records.at("val:V/JPEGImages/b.png");
  EXPECT_THAT(NumbersOf<float>(b.field(1)), ElementsAre(2.5, 3, 9, 12));
  EXPECT_THAT(records.at("test:V/JPEGImages/c.jpg").field(1).dims, ElementsAre(0, 4, 0, 0));
  Overwrite(scratch_ / "v.tar", Tar(Small()));
  EXPECT_EQ(DigestOf(scratch_ / "v.tar", 5), report->info.digest.ToHex());
}

TEST_F(Voc, WithoutListsAllIsTrainAndTrainvalStandsAlone) {
  FileMap files = Small();
  files.erase("V/ImageSets/Main/val.txt");
  Write(files);
  ASSERT_TRUE(Import().ok());
  EXPECT_THAT(Paths(),
              UnorderedElementsAre("test:V/JPEGImages/c.jpg", "train:V/JPEGImages/a.jpg",
                                   "trainval:V/JPEGImages/a.jpg", "trainval:V/JPEGImages/b.png"));
  std::filesystem::remove_all(source_ + "/V/ImageSets");
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.Split("train")->count, 3);
  EXPECT_THAT(report->warnings, Contains(HasSubstr("are the split `train`")));
}

TEST_F(Voc, BoxesThatDoNotFitAreReportedWithTheirNumber) {
  FileMap files = Small();
  files["V/Annotations/a.xml"] =
      Annotation(Object("dog", "0", "0", "31", "20") + Object("cat", "9", "9", "8", "12") +
                 Object("dog", "40", "1", "50", "5") + Object("bird", "1", "1", "2", "2"));
  files["V/Annotations/b.xml"] = Annotation(Object("cat", "0", "1", "5", "5"), "31");
  Overwrite(scratch_ / "names.txt", "dog\ncat\n");
  Write(files);
  const auto report = Import({{"classes", scratch_ / "names.txt"}});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->info.classes(), ElementsAre("dog", "cat"));
  const auto lines = [&](const std::string& text) { return Contains(HasSubstr(text)); };
  EXPECT_THAT(report->warnings, lines("2 boxes reach out of their image and are clipped to it (in "
                                      "2 images: 'V/JPEGImages/a.jpg', 'V/JPEGImages/b.png')"));
  EXPECT_THAT(report->warnings, lines("1 boxes are empty or turned round"));
  EXPECT_THAT(report->warnings, lines("1 boxes lie outside of their image"));
  EXPECT_THAT(report->warnings, lines("1 boxes have a class that is not in the list"));
  EXPECT_THAT(report->warnings, lines("1 annotations say another size than their image has (in 1 "
                                      "image: 'V/JPEGImages/b.png')"));
  EXPECT_EQ(report->info.schema.Find("boxes")->most, 1);
  const auto records = Records();
  EXPECT_THAT(NumbersOf<float>(records.at("train:V/JPEGImages/a.jpg").field(1)),
              ElementsAre(0, 0, 30, 20));
  EXPECT_THAT(NumbersOf<int32_t>(records.at("train:V/JPEGImages/a.jpg").field(2)), ElementsAre(0));
}

TEST_F(Voc, BoxesOfASampleThatIsRejectedDoNotCount) {
  FileMap files = Small();
  const std::string odd = Object("dog", "0", "0", "31", "20") + Object("cat", "9", "9", "8", "12") +
                          Object("dog", "40", "1", "50", "5");
  files["V/Annotations/a.xml"] = Annotation(odd, "31");
  files["V/Annotations/b.xml"] = Annotation(odd);
  // Its header is that of an image, and the end is missing.
  std::string& cut = files["V/JPEGImages/a.jpg"];
  cut.resize(cut.size() - 40);
  Write(files);
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_THAT(report->info.rejected, ElementsAre(HasSubstr("a.jpg")));
  EXPECT_THAT(report->warnings,
              AllOf(Contains(HasSubstr("1 boxes reach out of their image and are clipped to it (in "
                                       "1 image: 'V/JPEGImages/b.png')")),
                    Contains(HasSubstr("1 boxes are empty or turned round")),
                    Contains(HasSubstr("1 boxes lie outside of their image")),
                    testing::Not(Contains(HasSubstr("another size")))));
}

TEST_F(Voc, NamesWithoutFilesAndFilesThatAreNoneAreLeftOut) {
  FileMap files = Small();
  files["V/ImageSets/Main/train.txt"] = "a\nnothing\na\n\nd\ne\n";
  files["V/JPEGImages/d.jpg"] = SomeJpeg(20, 30);
  files["V/JPEGImages/e.jpg"] = SomeJpeg(20, 30);
  files["V/JPEGImages/f.jpg"] = SomeJpeg(20, 30);
  files["V/Annotations/e.xml"] = "<annotation>";
  files["V/JPEGImages/c.jpg"] = "<html></html>";
  Write(files);
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.samples(), 2);
  EXPECT_THAT(report->info.rejected,
              UnorderedElementsAre(
                  AllOf(HasSubstr("train.txt, line 2, 'nothing'"), HasSubstr("in JPEGImages/")),
                  AllOf(HasSubstr("train.txt, line 3"), HasSubstr("'a' stands there twice")),
                  AllOf(HasSubstr("train.txt, line 5, 'd'"), HasSubstr("in Annotations/")),
                  AllOf(HasSubstr("V/Annotations/e.xml"), HasSubstr("line")),
                  AllOf(HasSubstr("V/JPEGImages/c.jpg"), HasSubstr("HTML"))));
  EXPECT_THAT(report->warnings, Contains(HasSubstr("1 images are in no list")));
}

TEST_F(Voc, SourcesThatAreNotOfThisKindAreRefused) {
  Write({{"V/JPEGImages/a.jpg", SomeJpeg(4, 4)}});
  ExpectFailure(StatusCode::kNotFound, "no Annotations/ with files; expected JPEGImages/NAME.jpg");
  Write({{"V/Annotations/a.xml", Annotation("")}});
  ExpectFailure(StatusCode::kDataLoss, "have no object at all");
  Write({{"W/Annotations/a.xml", Annotation("")}});
  ExpectFailure(StatusCode::kInvalidArgument, "in 'V/Annotations/' and in 'W/Annotations/'");
}

}  // namespace
}  // namespace lockstep::storage
