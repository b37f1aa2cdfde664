// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/data_show.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/file.h"
#include "base/philox.h"
#include "cluster/cli/command_line.h"
#include "cluster/draw/sample_picture.h"
#include "storage/env/testing/scratch_directory.h"
#include "storage/image/image_decoder.h"
#include "storage/image/image_header.h"
#include "storage/loader/seen_sample.h"
#include "storage/loader/testing/photo_dataset.h"

namespace lockstep::cluster {
namespace {

using storage::PhotoDataset;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kWrong = 64;

class DataShowTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(WriteFileAtomic(recipe_,
                                "data.dataset = \"elsewhere.ldb\"\nmodel.name = \"lenet5\"\n"
                                "optimizer.lr = 0.1\ntrain.seed = 5\n"
                                "augment.train = [\"random-resized-crop:8\", \"normalise\"]\n")
                    .ok());
  }

  // Runs `lockstep data show DB` with further arguments; out_ and err_ are those of this call.
  int Show(std::vector<std::string> arguments, const std::string& dataset = "") {
    out_.str("");
    err_.str("");
    arguments.insert(arguments.begin(),
                     {"data", "show", dataset.empty() ? photos_.directory() : dataset});
    return RunCommandLine(arguments, &console_);
  }
  void Refuses(const std::vector<std::string>& arguments, const std::string& says) {
    EXPECT_EQ(Show(arguments), kWrong) << out_.str();
    EXPECT_THAT(err_.str(), HasSubstr(says));
    EXPECT_FALSE(FileExists(sheet_));
  }

  // The sheet, once it is made.
  Canvas Sheet() {
    const auto png = ReadFile(sheet_);
    CHECK(png.ok()) << png.status();
    const auto header = storage::ReadImageHeader(*png);
    CHECK(header.ok()) << header.status();
    std::vector<uint8_t> pixels(static_cast<size_t>(header->height * header->width * 3));
    storage::ImageDecoder decoder;
    CHECK(decoder.Decode(*png, *header, 3, pixels.data()).ok());
    Canvas canvas(header->height, header->width, kBlack);
    const uint8_t* at = pixels.data();
    for (int64_t y = 0; y < header->height; ++y) {
      for (int64_t x = 0; x < header->width; ++x, at += 3) {
        canvas.Set(y, x, {at[0], at[1], at[2]});
      }
    }
    return canvas;
  }

  // What SeeSample makes of a sample, drawn.
  Canvas Drawn(SampleId id, const std::vector<std::string>& list, uint64_t seed, Epoch epoch) {
    const auto dataset = photos_.Open();
    const storage::DatasetInfo& info = dataset->info();
    const auto augmentation =
        storage::Augmentation::Parse(list, {info.channel_mean, info.channel_std});
    CHECK(augmentation.ok()) << augmentation.status();
    storage::ImageDecoder decoder;
    const auto seen = storage::SeeSample(info.schema, *dataset->Read(id), *augmentation,
                                         {StreamKey(seed, "augment"), epoch, id}, &decoder);
    CHECK(seen.ok()) << seen.status();
    return PictureOf(*seen, info.schema, 160);
  }

  const storage::ScratchDirectory scratch_;
  const PhotoDataset photos_{"data-show"};
  const std::string recipe_ = scratch_ / "recipe.toml";
  const std::string sheet_ = scratch_ / "sheet.png";
  std::ostringstream out_, err_;
  Console console_{out_, err_};
};

bool Holds(const Canvas& sheet, int64_t top, int64_t left, const Canvas& picture) {
  for (int64_t y = 0; y < picture.height(); ++y) {
    for (int64_t x = 0; x < picture.width(); ++x) {
      if (sheet.At(top + y, left + x) != picture.At(y, x)) return false;
    }
  }
  return true;
}

TEST_F(DataShowTest, OneIdIsShownAsTextAndDrawn) {
  const auto dataset = photos_.Open();
  for (uint64_t id = 0; id < 9; ++id) {
    ASSERT_EQ(Show({std::to_string(id)}), 0) << err_.str();
    const auto record = dataset->Read(SampleId(id));
    const size_t index =
        std::stoul(std::string(record->source_path().substr(record->source_path().find('/') + 1)));
    const std::vector<std::string> names = {"0 (cat)", "1 (dog)", "2 (bird)"};
    EXPECT_THAT(out_.str(), AllOf(HasSubstr("sample    " + std::to_string(id) + " of split "),
                                  HasSubstr("source    " + std::string(record->source_path())),
                                  HasSubstr("label     " + names[index % 3] + "\n"),
                                  HasSubstr("boxes     " + std::to_string(index % 3) + " (")));
    if (index % 3 == 2) {
      EXPECT_THAT(out_.str(), HasSubstr("3.0 3.0 8.0 9.0  1 (car)"));
    }
    // The drawing has a line for each row of the decoded image, and ends the output.
    const int64_t height = PhotoDataset::SizeOf(index).height;
    const size_t fields = out_.str().rfind("box_labels");
    const size_t drawing = out_.str().find('\n', fields) + 1;
    const std::string rows = out_.str().substr(drawing);
    EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), height);
  }
}

TEST_F(DataShowTest, ASheetHasTheSamplesInTheOrderOfTheirIds) {
  ASSERT_EQ(Show({"3", "17", "--out", sheet_}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("sheet     " + sheet_ + ": 2 samples, "));
  const Canvas sheet = Sheet();
  int64_t left = 4;
  for (const uint64_t id : {3, 17}) {
    const Canvas picture = Drawn(SampleId(id), {}, 0, Epoch(0));
    EXPECT_TRUE(
        Holds(sheet, 4 + (160 - picture.height()) / 2, left + (160 - picture.width()) / 2, picture))
        << id;
    left += 168;
  }
}

TEST_F(DataShowTest, WithARecipeBeforeAndAfterOfThatEpoch) {
  const std::vector<std::string> list = {"random-resized-crop:8", "normalise"};
  ASSERT_EQ(Show({"9", "--recipe", recipe_, "--epoch", "3", "--out", sheet_}), 0) << err_.str();
  const Canvas third = Sheet();
  const Canvas before = Drawn(SampleId(9), {}, 5, Epoch(2));
  EXPECT_TRUE(
      Holds(third, 4 + (160 - before.height()) / 2, 4 + (160 - before.width()) / 2, before));
  EXPECT_TRUE(Holds(third, 4, 168, Drawn(SampleId(9), list, 5, Epoch(2))));
  EXPECT_FALSE(Holds(third, 4, 168, Drawn(SampleId(9), list, 5, Epoch(0))));
  ASSERT_EQ(Show({"9", "train.seed=6", "augment.train=random-resized-crop:4", "--recipe", recipe_,
                  "--out", sheet_}),
            0)
      << err_.str();
  EXPECT_TRUE(Holds(Sheet(), 4, 168, Drawn(SampleId(9), {"random-resized-crop:4"}, 6, Epoch(0))));
}

TEST_F(DataShowTest, SamplesArePickedBySplitClassAndCount) {
  const auto shown = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--out", sheet_});
    EXPECT_EQ(Show(arguments), 0) << err_.str();
    return out_.str();
  };
  EXPECT_THAT(shown({}), HasSubstr(": 20 samples,"));
  EXPECT_THAT(shown({"--split", "test"}), HasSubstr(": 6 samples,"));
  EXPECT_THAT(shown({"--split", "test", "--count", "4"}), HasSubstr(": 4 samples,"));
  EXPECT_THAT(shown({"--class", "dog"}), HasSubstr(": 7 samples,"));  // 1, 4, ... 19 of 20
  EXPECT_THAT(shown({"--class", "bird", "--split", "test"}), HasSubstr(": 2 samples,"));
  EXPECT_THAT(shown({"--recipe", recipe_, "data.train=test"}), HasSubstr(": 6 samples,"));
}

TEST_F(DataShowTest, SaysWhatCannotBe) {
  Refuses({}, "give one ID");
  Refuses({"1", "2"}, "or --out FILE.png");
  Refuses({"x", "--out", sheet_}, "ID is 'x'");
  Refuses({"-1", "--out", sheet_}, "-1");
  Refuses({"99999999999999999999", "--out", sheet_}, "ID is '99999999999999999999'");
  Refuses({"26", "--out", sheet_}, "26");
  Refuses({"1", "--count", "3", "--out", sheet_}, "IDs say which");
  Refuses({"1", "--out", scratch_ / "sheet.jpg"}, "ends with .png");
  Refuses({"1", "--epoch", "2", "--out", sheet_}, "give --recipe");
  Refuses({"1", "train.seed=2", "--out", sheet_}, "'train.seed=2'");
  Refuses({"1", "--recipe", recipe_}, "give --out FILE.png");
  Refuses({"1", "optimizer.lr=2", "--recipe", recipe_, "--out", sheet_},
          "`lockstep data show` does not use 'optimizer.lr'");
  Refuses({"1", "augment.train=hflop", "--recipe", recipe_, "--out", sheet_}, "hflip");
  Refuses({"1", "augment.train=[\"normalise:mean=0.1,0.2:std=1,1\"]", "--recipe", recipe_, "--out",
           sheet_},
          "sample 1, '");
  Refuses({"--split", "tets", "--out", sheet_}, "did you mean 'test'");
  Refuses({"--class", "brid", "--out", sheet_}, "did you mean 'bird'");
  Refuses({"--count", "401", "--out", sheet_}, "--count");
  EXPECT_EQ(Show({"--class", "fish", "--out", sheet_}), 66) << err_.str();
  EXPECT_THAT(err_.str(), HasSubstr("no sample of class 'fish'"));
  std::vector<std::string> many(401, "1");
  many.insert(many.end(), {"--out", sheet_});
  Refuses(many, "401 IDs");
  EXPECT_NE(Show({"1", "--out", "/no/such/folder/sheet.png"}), 0);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("/no/such/folder/sheet.png"), HasSubstr("--out")));
}

TEST_F(DataShowTest, DatasetsWithoutLabelsOrImages) {
  const PhotoDataset plain("data-show-plain", {.label = false, .mask = false, .boxes = false});
  ASSERT_EQ(Show({"--count", "3", "--out", sheet_}, plain.directory()), 0) << err_.str();
  EXPECT_EQ(Show({"--class", "cat", "--out", sheet_}, plain.directory()), kWrong);
  EXPECT_THAT(err_.str(), HasSubstr("--class needs samples with one label"));
  const PhotoDataset words("data-show-words", {.image = false, .mask = false, .boxes = false});
  ASSERT_EQ(Show({"2"}, words.directory()), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("label     "));
  EXPECT_EQ(Show({"2", "--out", sheet_}, words.directory()), kWrong);
  EXPECT_THAT(err_.str(), HasSubstr("have no image"));
}

}  // namespace
}  // namespace lockstep::cluster
