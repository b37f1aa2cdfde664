// SPDX-License-Identifier: Apache-2.0
// What `lockstep data info` and `data order` say of datasets with and without labels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "cluster/cli/command_line.h"
#include "storage/env/testing/scratch_directory.h"
#include "storage/loader/testing/photo_dataset.h"
#include "storage/loader/testing/small_dataset.h"

namespace lockstep::cluster {
namespace {

using nlohmann::json;
using storage::PhotoDataset;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class DataInfoTest : public ::testing::Test {
 protected:
  std::string Run(std::vector<std::string> arguments) {
    out_.str("");
    arguments.insert(arguments.begin(), "data");
    EXPECT_EQ(RunCommandLine(arguments, &console_), 0) << err_.str();
    return out_.str();
  }

  std::ostringstream out_, err_;
  Console console_{out_, err_};
};

TEST_F(DataInfoTest, ClassesSizesAndBoxesOfPhotographs) {
  const PhotoDataset photos("data-info");
  EXPECT_THAT(
      Run({"info", photos.directory()}),
      AllOf(
          HasSubstr("samples   26, images of different sizes, "),
          HasSubstr("split     train: 20 samples, ids 6 to 25, heights 12 to 24, widths 10 to 16"),
          HasSubstr("shorter side  test  train\n"
                    "8 to 15       6     19\n"
                    "16 to 31      0     1\n"),
          HasSubstr("boxes     test: 6, at most 2 of a sample, 2 samples without\n"
                    "boxes     train: 19, at most 2 of a sample, 7 samples without\n"),
          HasSubstr("classes   4\n"
                    "   class  test  train\n"
                    "0  cat    2     7\n"
                    "1  dog    2     7\n"
                    "2  bird   2     6\n"
                    "3  fish   0     0\n")));
}

TEST_F(DataInfoTest, TheJsonHasTheSame) {
  const PhotoDataset photos("data-info-json");
  const json info = json::parse(Run({"info", photos.directory(), "--json"}));
  EXPECT_EQ(info["samples"], 26);
  const json& train = info["splits"][1];
  EXPECT_EQ(train["name"], "train");
  EXPECT_EQ(train["samples_of_class"], json::parse("[7, 7, 6, 0]"));
  EXPECT_EQ(train["shorter_sides"], json::parse(R"([{"from": 8, "below": 16, "samples": 19},
                            {"from": 16, "below": 32, "samples": 1}])"));
  EXPECT_EQ(train["boxes"],
            json::parse(R"({"total": 19, "most_of_a_sample": 2, "samples_without": 7})"));
}

TEST_F(DataInfoTest, ImagesOfOneSizeAndNoBoxesNeedNoWords) {
  const storage::SmallDataset small("data-info-small", 40, 105, 32);
  EXPECT_THAT(Run({"info", small.directory()}),
              AllOf(HasSubstr("4 x 4 x 1 (H W C)"), Not(HasSubstr("shorter side")),
                    Not(HasSubstr("boxes"))));
  const json info = json::parse(Run({"info", small.directory(), "--json"}));
  EXPECT_FALSE(info["splits"][0].contains("boxes"));
  EXPECT_EQ(info["splits"][0]["shorter_sides"].size(), 1u);
}

TEST_F(DataInfoTest, WithoutLabelsTheNamesOfWhatThereIsAreListed) {
  const PhotoDataset photos("data-info-unlabelled", {.label = false});
  EXPECT_THAT(Run({"info", photos.directory()}),
              HasSubstr("classes   3\n          background\n          left\n          right\n"));
  const PhotoDataset words("data-info-words", {.image = false, .mask = false, .boxes = false});
  EXPECT_THAT(Run({"info", words.directory()}),
              AllOf(HasSubstr("samples   26, without images"), Not(HasSubstr("shorter side"))));
}

TEST_F(DataInfoTest, TheOrderOfAStepNamesSamplesWithAndWithoutLabels) {
  const storage::ScratchDirectory scratch;
  for (const bool labelled : {true, false}) {
    const PhotoDataset photos("data-order", {.label = labelled});
    const std::string recipe = scratch / "recipe.toml";
    ASSERT_TRUE(WriteFileAtomic(recipe, "data.dataset = \"" + photos.directory() +
                                            "\"\nmodel.name = \"lenet5\"\noptimizer.lr = 0.1\n"
                                            "batch = { lanes = 1, lane_batch = 20 }\n")
                    .ok());
    const json order = json::parse(Run({"order", recipe, "--step", "1"}));
    const json& samples = order["lanes"][0]["samples"];
    ASSERT_EQ(samples.size(), 20u);
    for (const json& sample : samples) {
      EXPECT_THAT(sample["source"].get<std::string>(), HasSubstr("train/00"));
      EXPECT_EQ(sample.contains("label"), labelled);
      EXPECT_EQ(sample.contains("class"), labelled);
    }
  }
}

}  // namespace
}  // namespace lockstep::cluster
