// SPDX-License-Identifier: Apache-2.0
// Photographs that a table describes, through the whole import.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "storage/importers/testing/import_test.h"

namespace lockstep::storage {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class CsvImport : public ImportTest {
 protected:
  CsvImport() : ImportTest("csv") {}

  // The photographs 0.jpg to 5.jpg in `photos`, 20 x 30 each, and this table beside them.
  void WriteTable(const std::string& table) {
    std::filesystem::remove_all(source_);
    Write({{"labels.csv", table}});
    for (int i = 0; i < 6; ++i) {
      Write({{"photos/" + std::to_string(i) + ".jpg", SomeJpeg(20, 30, i)}});
    }
  }
};

TEST_F(CsvImport, LabelsAreNamesInBytewiseOrder) {
  WriteTable(
      "path,split,label\r\n"
      "photos/0.jpg,train,zebra\r\n"
      "./photos/1.jpg,train,\"ant, red\"\r\n"
      "photos/2.jpg,val,zebra\r\n"
      "photos/3.jpg,train,zebra\n"
      "photos/4.jpg,val,\"ant, red\"");
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->info.classes(), ElementsAre("ant, red", "zebra"));
  EXPECT_THAT(Paths(), ElementsAre("train:photos/0.jpg", "train:photos/1.jpg", "train:photos/3.jpg",
                                   "val:photos/2.jpg", "val:photos/4.jpg"));
  EXPECT_EQ(LabelOf(Records().at("train:photos/1.jpg").field(1)), 0);
  EXPECT_EQ(LabelOf(Records().at("train:photos/3.jpg").field(1)), 1);
  EXPECT_THAT(report->info.rejected, ElementsAre("photos/5.jpg: no row of the table names it"));
}

TEST_F(CsvImport, LabelsThatAreAllNumbersAreThoseNumbers) {
  WriteTable("path,label\nphotos/0.jpg,10\nphotos/1.jpg,2\nphotos/2.jpg,0\n");
  auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->info.classes(), SizeIs(11));
  EXPECT_EQ(LabelOf(Records().at("train:photos/0.jpg").field(1)), 10);
  EXPECT_EQ(LabelOf(Records().at("train:photos/1.jpg").field(1)), 2);

  Overwrite(scratch_ / "names.txt", "a\nb\nc\n");
  report = Import({{"classes", scratch_ / "names.txt"}});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->info.classes(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(report->info.rejected,
              Contains("photos/0.jpg: row 2: the class '10' is not in the list"));
  EXPECT_EQ(LabelOf(Records().at("train:photos/1.jpg").field(1)), 2);
}

TEST_F(CsvImport, AFileOfClassesSetsTheirOrder) {
  WriteTable("path,label\nphotos/0.jpg,dog\nphotos/1.jpg,cat\nphotos/2.jpg,cow\n");
  Overwrite(scratch_ / "names.txt", "dog\ncat\nbird\n");
  const auto report = Import({{"classes", scratch_ / "names.txt"}});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(LabelOf(Records().at("train:photos/0.jpg").field(1)), 0);
  EXPECT_EQ(LabelOf(Records().at("train:photos/1.jpg").field(1)), 1);
  EXPECT_THAT(report->info.rejected,
              Contains("photos/2.jpg: row 4: the class 'cow' is not in the list"));
}

TEST_F(CsvImport, SeveralLabelsBecomeAFlagForEachClass) {
  WriteTable(
      "labels,path\nred; round,photos/0.jpg\nblue|red,photos/1.jpg\n,photos/2.jpg\n"
      "round,photos/3.jpg\n");
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->info.classes(), ElementsAre("blue", "red", "round"));
  const auto records = Records();
  EXPECT_EQ(records.at("train:photos/0.jpg").field(1).bytes, std::string("\0\1\1", 3));
  EXPECT_EQ(records.at("train:photos/1.jpg").field(1).bytes, std::string("\1\1\0", 3));
  EXPECT_EQ(records.at("train:photos/2.jpg").field(1).bytes, std::string("\0\0\0", 3));
}

TEST_F(CsvImport, ColumnsOfNumbersBecomeNumbers) {
  WriteTable("path;age;weight\nphotos/0.jpg;31;-1.5e1\nphotos/1.jpg;;3\nphotos/2.jpg;nan;3\n");
  const Attrs options = {{"numbers", std::vector<std::string>{"weight", "age"}},
                         {"separator", "semicolon"}};
  const auto report = Import(options);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.schema.Find("numbers")->most, 2);
  EXPECT_THAT(NumbersOf<float>(Records().at("train:photos/0.jpg").field(1)),
              ElementsAre(-15.0F, 31.0F));
  EXPECT_THAT(report->info.rejected,
              AllOf(Contains("photos/1.jpg: row 3: 'age' is ''; expected a number"),
                    Contains("photos/2.jpg: row 4: 'age' is 'nan'; expected a number")));
}

TEST_F(CsvImport, RowsOfOnePathAreItsBoxes) {
  WriteTable(
      "path,x1,y1,x2,y2,class\n"
      "photos/0.jpg,1,2,3.5,4,cat\n"
      "photos/1.jpg,-5,0,10,99,dog\n"
      "photos/0.jpg,0,0,30,20,dog\n"
      "photos/2.jpg,,,,,\n"
      "photos/3.jpg,5,5,5,9,cat\n"
      "photos/3.jpg,1,1,2,2,cat\n"
      "photos/4.jpg,40,1,50,2,cat\n");
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.schema.ToString(),
            "image image, boxes boxes, box_labels box_labels of boxes (2 classes)");
  EXPECT_EQ(report->info.schema.Find("boxes")->most, 2);
  EXPECT_EQ(report->info.schema.Find("box_labels")->most, 2);
  const auto records = Records();
  EXPECT_THAT(NumbersOf<float>(records.at("train:photos/0.jpg").field(1)),
              ElementsAre(1, 2, 3.5, 4, 0, 0, 30, 20));
  EXPECT_THAT(NumbersOf<int32_t>(records.at("train:photos/0.jpg").field(2)), ElementsAre(0, 1));
  EXPECT_THAT(NumbersOf<float>(records.at("train:photos/1.jpg").field(1)),
              ElementsAre(0, 0, 10, 20));
  EXPECT_THAT(NumbersOf<float>(records.at("train:photos/2.jpg").field(1)), IsEmpty());
  EXPECT_THAT(NumbersOf<float>(records.at("train:photos/4.jpg").field(1)), IsEmpty());
  EXPECT_EQ(records.count("train:photos/3.jpg"), 0u);
  EXPECT_THAT(report->info.rejected,
              Contains(AllOf(HasSubstr("photos/3.jpg: row 6"), HasSubstr("x1 < x2"))));
  EXPECT_THAT(report->warnings,
              AllOf(Contains("1 boxes reach out of their image and are clipped to it (in 1 image: "
                             "'photos/1.jpg')"),
                    Contains(HasSubstr("1 boxes lie outside of their image"))));
}

TEST_F(CsvImport, RowsThatDoNotFitAreLeftOutWithTheirNumber) {
  WriteTable(
      "path,split,label\n"
      "photos/0.jpg,train,a\n"
      "photos/0.jpg,train,b\n"
      "photos/nothing.jpg,train,a\n"
      "../photos/1.jpg,train,a\n"
      "photos/1.jpg,train\n"
      "photos/2.jpg,my split,a\n"
      "photos/3.jpg,,a\n"
      "photos/4.jpg,val,\n"
      ",val,a\n"
      "photos/5.jpg,val,b\n");
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.samples(), 2);
  EXPECT_THAT(
      report->info.rejected,
      UnorderedElementsAre("photos/0.jpg: row 3: row 2 names the same image, and is taken",
                           "photos/nothing.jpg: row 4: the source has no such file",
                           "../photos/1.jpg: row 5: the source has no such file",
                           "labels.csv: row 6: it has 2 fields and the head 3",
                           AllOf(HasSubstr("photos/2.jpg: row 7"), HasSubstr("'my split'")),
                           AllOf(HasSubstr("photos/3.jpg: row 8"), HasSubstr("no name of one")),
                           "photos/4.jpg: row 9: the label is missing",
                           "labels.csv: row 10: it names no image",
                           "photos/1.jpg: no row of the table names it"));
}

TEST_F(CsvImport, EmptyLinesArePassedOverAndRowsKeepTheirNumbers) {
  WriteTable("path,label\nphotos/0.jpg,a\n\n  \r\nphotos/1.jpg,b\r\nphotos/2.jpg,\n\n\n");
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.samples(), 2);
  EXPECT_THAT(report->info.rejected,
              UnorderedElementsAre("photos/2.jpg: row 6: the label is missing",
                                   "photos/3.jpg: no row of the table names it",
                                   "photos/4.jpg: no row of the table names it",
                                   "photos/5.jpg: no row of the table names it"));
}

TEST_F(CsvImport, PathsMayStartAtTheFolderOfTheTableAndAShareBecomesVal) {
  FileMap files = {{"data/photos/table.csv", "file,label\n"}, {"data/photos/notes.txt", "words"}};
  for (int i = 0; i < 10; ++i) {
    files["data/photos/" + std::to_string(i) + ".png"] = SomePng(5, 5, i);
    files["data/photos/table.csv"] +=
        std::to_string(i) + ".png," + (i % 2 == 0 ? "even" : "odd") + "\n";
  }
  Write({});
  Overwrite(source_ + "/s.zip", Zip(files));
  const auto report =
      RunJob(OptionsFor(source_ + "/s.zip", {{"path_column", "file"}, {"val_share", 0.5}}));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.Split("train")->count, 6);
  EXPECT_EQ(report->info.Split("val")->count, 4);
  EXPECT_THAT(Paths(), AllOf(Contains("val:data/photos/2.png"), Contains("val:data/photos/3.png"),
                             Contains("train:data/photos/8.png")));
  EXPECT_THAT(report->warnings, Contains(HasSubstr("1 file is left out")));
}

TEST_F(CsvImport, TablesThatAreNotOneAreRefused) {
  WriteTable("file,label\nphotos/0.jpg,a\n");
  ExpectFailure(StatusCode::kInvalidArgument, "has the columns 'file', 'label'; expected 'path'");
  WriteTable("path,kind\nphotos/0.jpg,a\n");
  ExpectFailure(StatusCode::kInvalidArgument, "expected one of 'label', 'labels'");
  WriteTable("path,label,labels\nphotos/0.jpg,a,b\n");
  ExpectFailure(StatusCode::kInvalidArgument, "expected one of 'label', 'labels'");
  WriteTable("path,label,label\nphotos/0.jpg,a,b\n");
  ExpectFailure(StatusCode::kDataLoss, "has the column 'label' twice");
  WriteTable("path,label\n\"photos/0.jpg,a\n");
  ExpectFailure(StatusCode::kDataLoss, "'labels.csv', row 2");
  WriteTable("");
  ExpectFailure(StatusCode::kDataLoss, "'labels.csv' is empty");
  WriteTable("path,split,label\nphotos/0.jpg,train,a\n");
  ExpectFailure(StatusCode::kInvalidArgument, "leave the share out", {{"val_share", 0.1}});
  ExpectFailure(StatusCode::kNotFound, "no file 'x.csv'", {{"table", "x.csv"}});
  Write({{"more.csv", "path,label\n"}});
  ExpectFailure(StatusCode::kInvalidArgument, "2 .csv files");
  std::filesystem::remove(source_ + "/more.csv");
  std::filesystem::remove(source_ + "/labels.csv");
  ExpectFailure(StatusCode::kNotFound, "has no .csv file");
}

}  // namespace
}  // namespace lockstep::storage
