// SPDX-License-Identifier: Apache-2.0
// Shards as WebDataset has them, through the whole import.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "storage/importers/testing/import_test.h"

namespace lockstep::storage {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class WebDataset : public ImportTest {
 protected:
  WebDataset() : ImportTest("webdataset") {}
};

TEST_F(WebDataset, MembersOfOneKeyAreASample) {
  const std::string jpeg = SomeJpeg(6, 7, 1);
  Write({{"train-000.tar", Tar({{"s/000.jpg", jpeg},
                                {"s/000.cls", "2\n"},
                                {"s/000.json", "{\"a\": 1}"},
                                {"s/000.seg.png", "other"}})},
         {"train-001.tar.gz", Gzip(Tar({{"s/000.png", SomePng(6, 7)}, {"s/000.cls", "0"}}))},
         {"val-000.tar", Tar({{"000.jpeg", SomeJpeg(6, 7, 2)}, {"000.cls", "1"}})},
         {"test/more/0.tar", Tar({{"1.jpg", SomeJpeg(6, 7, 3)}, {"1.cls", "1"}})}});
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->info.rejected, IsEmpty());
  EXPECT_EQ(report->info.schema.ToString(), "image image, label label (3 classes), json text");
  EXPECT_TRUE(report->info.schema.Find("json")->optional);
  EXPECT_THAT(Paths(), ElementsAre("test:test/more/0.tar/1.jpg", "train:train-000.tar/s/000.jpg",
                                   "train:train-001.tar.gz/s/000.png", "val:val-000.tar/000.jpeg"));
  const auto records = Records();
  const Record& first = records.at("train:train-000.tar/s/000.jpg");
  EXPECT_EQ(first.field(0).bytes, jpeg);
  EXPECT_EQ(LabelOf(first.field(1)), 2);
  EXPECT_EQ(first.field(2).bytes, "{\"a\": 1}");
  EXPECT_TRUE(records.at("val:val-000.tar/000.jpeg").field(2).absent());
  EXPECT_THAT(report->warnings, Contains(HasSubstr("'train-000.tar/s/000.seg.png'")));
  EXPECT_EQ(DigestOf(source_, 5), report->info.digest.ToHex());
  EXPECT_THAT(*ListDir(scratch_.path()), UnorderedElementsAre("out", "source"));
}

// As many shards as one likes: no more of them are open than one at a time.
TEST_F(WebDataset, ManyShardsNeedFewOpenFiles) {
  FileMap shards;
  for (int i = 1000; i < 1300; ++i) {
    shards["train-" + std::to_string(i) + ".tar"] =
        Tar({{"0.jpg", SomeJpeg(3, 4, i)}, {"0.cls", std::to_string(i % 3)}});
  }
  Write(shards);
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit few = {100, usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto report = Import();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.samples(), 300);
  EXPECT_THAT(report->info.rejected, IsEmpty());
  const auto records = Records();
  for (const int i : {1000, 1123, 1299}) {
    const std::string shard = "train-" + std::to_string(i) + ".tar";
    EXPECT_EQ(records.at("train:" + shard + "/0.jpg").field(0).bytes, SomeJpeg(3, 4, i));
  }
}

TEST_F(WebDataset, OneTarWithoutLabelsIsTrain) {
  Write({{"all.tar", Tar({{"1.jpg", SomeJpeg(6, 7)}, {"2.jpg", SomeJpeg(6, 7, 2)}})}});
  const auto report = RunJob(OptionsFor(source_ + "/all.tar"));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.schema.ToString(), "image image");
  EXPECT_THAT(Paths(), ElementsAre("train:all.tar/1.jpg", "train:all.tar/2.jpg"));
}

TEST_F(WebDataset, SamplesThatAreNotWholeAreLeftOut) {
  Write({{"0.tar", Tar({{"1.jpg", SomeJpeg(6, 7)},
                        {"1.cls", "0"},
                        {"2.jpg", SomeJpeg(6, 7)},
                        {"2.cls", "cat"},
                        {"3.jpg", SomeJpeg(6, 7)},
                        {"4.cls", "0"},
                        {"5.jpg", SomeJpeg(6, 7)},
                        {"5.png", SomePng(6, 7)},
                        {"5.cls", "1"},
                        {"6.jpg", SomeJpeg(6, 7)},
                        {"6.cls", "0"},
                        {"6.json", "\xff"},
                        {"7.jpg", SomeJpeg(6, 7)},
                        {"7.cls", "9"}})},
         {"broken.txt", "words"}});
  Overwrite(scratch_ / "names.txt", "cat\ndog\n");
  const auto report = Import({{"classes", scratch_ / "names.txt"}});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->info.samples(), 2);
  EXPECT_THAT(
      report->info.rejected,
      UnorderedElementsAre("0.tar/2.cls: it is 'cat'; expected the number of a class",
                           "0.tar/3.jpg: the sample has no .cls, and others have",
                           "0.tar/4: the sample has no .jpg or .png",
                           "0.tar/5.png: '5.jpg' is the image of the same sample",
                           "0.tar/6.jpg: its .json file is not UTF-8",
                           "0.tar/7.jpg: field 'label' has label 9, but there are 2 classes"));
}

TEST_F(WebDataset, ALabelThatCannotBeReadRejectsItsSampleAlone) {
  // A shard that is a zip archive in truth, and the bytes of a label do not fit its checksum.
  std::string shard = Zip({{"1.jpg", SomeJpeg(6, 7)},
                           {"1.cls", "a label"},
                           {"2.jpg", SomeJpeg(6, 7, 2)},
                           {"2.cls", "0"}});
  shard.replace(shard.find("a label"), 7, "another");
  Write({{"0.tar", shard}});
  const auto report = Import();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(Paths(), ElementsAre("train:0.tar/2.jpg"));
  EXPECT_THAT(report->info.rejected, ElementsAre(HasSubstr("0.tar/1.cls: ")));
}

TEST_F(WebDataset, SourcesThatAreNotOfThisKindAreRefused) {
  Write({{"1.jpg", SomeJpeg(6, 7)}});
  ExpectFailure(StatusCode::kNotFound, "has no .tar files");
  Write({{"0.tar", Tar({{"1.txt", "words"}})}});
  ExpectFailure(StatusCode::kNotFound, "the shards have no sample");
  const std::string tar = Tar({{"1.jpg", SomeJpeg(60, 70)}});
  Write({{"0.tar", tar.substr(0, 900)}});
  ExpectFailure(StatusCode::kDataLoss, "0.tar");
}

}  // namespace
}  // namespace lockstep::storage
