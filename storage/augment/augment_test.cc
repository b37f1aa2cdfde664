// SPDX-License-Identifier: Apache-2.0
// Augmentations against testdata/augment_answers.json, which augment_reference.py beside it prints.
#include "storage/augment/augment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "storage/augment/testing/made_image.h"
#include "storage/image/encoded_image.h"

namespace lockstep::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const ChannelStatistics kOneChannel = {{0.25}, {0.5}};

nlohmann::json KnownAnswers() {
  std::ifstream file(std::string(LOCKSTEP_SOURCE_DIR) +
                     "/storage/augment/testdata/augment_answers.json");
  CHECK(file.good());
  return nlohmann::json::parse(file);
}

template <typename T>
std::vector<T> RunOn(const Augmentation& augmentation, const std::vector<uint8_t>& image,
                     ImageSize size, const AugmentStream& stream) {
  const Shape out = *augmentation.OutputShape(size.height, size.width, size.channels);
  std::vector<T> y(static_cast<size_t>(out.elements()));
  const RawImage pixels(image.data(), size);
  AugmentedSample sample;
  sample.Begin(pixels);
  const Status run = augmentation.Run(stream, &sample);
  CHECK(run.ok()) << run;
  augmentation.Write(sample.image(), y.data());
  return y;
}

TEST(Augmentation, IsTheKnownAnswers) {
  const auto answers = KnownAnswers();
  const auto image = answers["image"].get<std::vector<uint8_t>>();
  auto operations = answers["operations"].get<std::vector<std::string>>();
  const auto values = Augmentation::Parse(operations, {});
  ASSERT_TRUE(values.ok()) << values.status();
  operations.pop_back();
  const auto bytes = Augmentation::Parse(operations, {});
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  ASSERT_EQ(answers["cases"].size(), 8u);
  for (const auto& answer : answers["cases"]) {
    const AugmentStream stream = {StreamKey(answer["seed"], "augment"), Epoch(answer["epoch"]),
                                  SampleId(answer["id"])};
    std::vector<double> expected = answer["values"];
    EXPECT_EQ(RunOn<double>(*values, image, {5, 4, 2}, stream), expected);
    EXPECT_EQ(RunOn<float>(*values, image, {5, 4, 2}, stream),
              std::vector<float>(expected.begin(), expected.end()));
    expected.clear();
    for (const int byte : answer["bytes"]) expected.push_back(byte / 255.0);
    EXPECT_EQ(RunOn<double>(*bytes, image, {5, 4, 2}, stream), expected);
  }
}

TEST(AugmentDraws, TakeTheNextDrawAfterARejection) {
  const auto answer = KnownAnswers()["rejected"];
  const AugmentStream stream = {StreamKey(answer["seed"], "augment"), Epoch(answer["epoch"]),
                                SampleId(answer["id"])};
  ASSERT_EQ(answer["draws"], 3);  // two numbers took three draws
  AugmentDraws draws(stream, answer["op"]);
  EXPECT_EQ(draws.Below(answer["n"]), answer["values"][0]);
  EXPECT_EQ(draws.Below(answer["n"]), answer["values"][1]);
}

TEST(Augmentation, NormalisesWithTheStatisticsOfTheDatasetAndElseOnlyScales) {
  const AugmentStream stream;
  const auto normalise = Augmentation::Parse({"normalise"}, kOneChannel);
  ASSERT_TRUE(normalise.ok()) << normalise.status();
  EXPECT_EQ(RunOn<double>(*normalise, {0, 51, 255}, {1, 3, 1}, stream),
            (std::vector<double>{-0.5, (0.2 - 0.25) / 0.5, 1.5}));
  const auto none = Augmentation::Parse({}, kOneChannel);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(RunOn<double>(*none, {0, 51, 255}, {1, 3, 1}, stream),
            (std::vector<double>{0.0, 0.2, 1.0}));
}

TEST(Augmentation, ACropThatMostlyMissesTheImageIsZeroThere) {
  const auto crop = Augmentation::Parse({"random-crop:2:pad=6"}, {});
  ASSERT_TRUE(crop.ok()) << crop.status();
  int with_image = 0;
  for (uint64_t id = 0; id < 500; ++id) {
    const AugmentStream stream = {StreamKey(1, "augment"), Epoch(0), SampleId(id)};
    const auto y = RunOn<double>(*crop, {255}, {1, 1, 1}, stream);
    const double sum = y[0] + y[1] + y[2] + y[3];
    EXPECT_TRUE(sum == 0.0 || sum == 1.0) << "one pixel at most";
    with_image += sum == 1.0;
  }
  EXPECT_GT(with_image, 0);
}

TEST(Augmentation, KnowsItsOutputShapeBeforeItRuns) {
  const auto shape = [](const std::vector<std::string>& operations) {
    const auto augmentation = Augmentation::Parse(operations, kOneChannel);
    CHECK(augmentation.ok()) << augmentation.status();
    return augmentation->OutputShape(28, 28, 1);
  };
  EXPECT_EQ(*shape({"normalise"}), Shape({28, 28, 1}));
  EXPECT_EQ(*shape({"random-crop:24", "hflip", "normalise"}), Shape({24, 24, 1}));
  EXPECT_EQ(*shape({"pad:2", "normalise"}), Shape({32, 32, 1}));
  EXPECT_EQ(*shape({"random-crop:32:pad=2"}), Shape({32, 32, 1}));
  const auto too_large = shape({"random-crop:33:pad=2"});
  EXPECT_EQ(too_large.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(too_large.status().message(),
              AllOf(HasSubstr("random-crop:33:pad=2"), HasSubstr("28x28x1"), HasSubstr("32x32x1")));
  const auto channels = Augmentation::Parse({"normalise:mean=1,2,3:std=1,1,1"}, kOneChannel);
  ASSERT_TRUE(channels.ok());
  EXPECT_THAT(channels->OutputShape(28, 28, 1).status().message(),
              HasSubstr("statistics of 3 channels for images of 1"));
}

TEST(Augmentation, RandomOnesAreRefusedWhereNoneMayBe) {
  EXPECT_TRUE(
      Augmentation::Parse({"pad:2", "normalise"}, kOneChannel)->RequireDeterministic().ok());
  for (const std::string name : {"hflip:p=1", "vflip:p=0", "grayscale:p=1", "keep-boxes"}) {
    EXPECT_TRUE(Augmentation::Parse({name}, kOneChannel)->RequireDeterministic().ok()) << name;
  }
  for (const std::string name : {"hflip", "random-crop:28", "random-resized-crop:28", "rotate:5",
                                 "affine:5", "erase", "color-jitter", "grayscale"}) {
    const Status status = Augmentation::Parse({name}, kOneChannel)->RequireDeterministic();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr("'" + name + "' draws random numbers"));
  }
}

TEST(Augmentation, SaysWhatIsWrongWithAList) {
  const auto message = [](const std::vector<std::string>& operations) {
    const auto augmentation = Augmentation::Parse(operations, kOneChannel);
    CHECK(!augmentation.ok()) << operations[0];
    EXPECT_EQ(augmentation.status().code(), StatusCode::kInvalidArgument);
    return augmentation.status().message();
  };
  EXPECT_THAT(message({"hflip", "normalize"}),
              AllOf(HasSubstr("'normalize' (number 2 of the list)"),
                    HasSubstr("did you mean 'normalise'?")));
  EXPECT_THAT(message({"make-everything-better"}),
              HasSubstr("hflip, keep-boxes, letterbox, normalise, pad, random-crop"));
  EXPECT_THAT(message({""}), HasSubstr("unknown operation ''"));
  EXPECT_THAT(message({"normalise", "hflip"}), HasSubstr("must be the last of the list"));
  EXPECT_THAT(message({"normalise", "normalise"}), HasSubstr("must be the last of the list"));
  EXPECT_THAT(message({"random-crop"}), HasSubstr("expected random-crop:SIZE"));
  EXPECT_THAT(message({"random-crop:28:28"}), HasSubstr("has 2 values"));
  EXPECT_THAT(message({"random-crop:big"}),
              HasSubstr("the size is 'big', expected a list of 1 to 2 integers from 1 to"));
  EXPECT_THAT(message({"random-crop:0"}), HasSubstr("from 1 to"));
  EXPECT_THAT(message({"random-crop:28x"}), HasSubstr("'28x'"));
  EXPECT_THAT(message({"random-crop:28:pad=-1"}), HasSubstr("'pad' is '-1'"));
  EXPECT_THAT(message({"random-crop:28:pod=2"}), HasSubstr("did you mean 'pad'?"));
  EXPECT_THAT(message({"random-crop:28:pad=2:pad=3"}), HasSubstr("'pad' is given twice"));
  EXPECT_THAT(message({"hflip:p=1.5"}), HasSubstr("'p' is '1.5', expected a number from 0 to 1"));
  EXPECT_THAT(message({"hflip:p=nan"}), HasSubstr("'p' is 'nan'"));
  EXPECT_THAT(message({"random-crop:28,0"}), HasSubstr("the size is '28,0'"));
  EXPECT_THAT(message({"random-crop:1,2,3"}), HasSubstr("separated by commas"));
  EXPECT_THAT(message({"resize:28:filter=bilinaer"}), HasSubstr("did you mean 'bilinear'?"));
  EXPECT_THAT(message({"random-resized-crop:28:scale=0.5"}),
              HasSubstr("expected a list of 2 numbers above 0 and at most 1"));
  EXPECT_THAT(message({"random-resized-crop:28:scale=0.5,0.2"}),
              HasSubstr("'scale' goes from 0.5 to 0.2, expected the smaller number first"));
  EXPECT_THAT(message({"color-jitter:hue=-0.1"}), HasSubstr("'hue' goes from 0.1 to -0.1"));
  EXPECT_THAT(message({"affine:0:shear=1,2,3"}), HasSubstr("expected 1, 2 or 4"));
  EXPECT_THAT(message({"rotate:400"}), HasSubstr("numbers from -360 to 360"));
  EXPECT_THAT(message({"hflip:0.5"}), HasSubstr("expected hflip[:p=P]"));
  EXPECT_THAT(message({"pad"}), HasSubstr("expected pad:PADDING"));
  EXPECT_THAT(message({"normalise:mean=0.5"}), HasSubstr("only one of mean and std"));
  EXPECT_THAT(message({"normalise:mean=0.5:std=0"}), HasSubstr("expected more than 0"));
  EXPECT_THAT(message({"normalise:mean=nan:std=1"}), HasSubstr("'nan'"));
  EXPECT_THAT(message({"normalise:mean=1,2:std=1"}), HasSubstr("2 means and 1 standard"));
  EXPECT_THAT(Augmentation::Parse({"normalise"}, {}).status().message(), HasSubstr("0 means"));
  EXPECT_THAT(Augmentation::Parse({"normalise"}, {{0.5}, {0.0}}).status().message(),
              HasSubstr("give one with normalise:mean=M:std=S"));
}

TEST(Augmentation, MakesOneSizeOfAllImagesOrNamesTwoAndWhatTheyBecome) {
  const std::vector<ImageSize> sizes = {{300, 400, 3}, {400, 300, 3}, {512, 512, 3}};
  const auto shape = [&](const std::vector<std::string>& operations) {
    const auto augmentation = Augmentation::Parse(operations, kOneChannel);
    CHECK(augmentation.ok()) << augmentation.status();
    return augmentation->OutputShape(sizes);
  };
  EXPECT_EQ(*shape({"resize:256", "center-crop:224", "normalise"}), Shape({224, 224, 3}));
  EXPECT_EQ(*shape({"random-resized-crop:160,128", "hflip"}), Shape({160, 128, 3}));
  EXPECT_EQ(*shape({"letterbox:320"}), Shape({320, 320, 3}));
  EXPECT_EQ(*shape({"resize:64,32", "pad:1"}), Shape({66, 34, 3}));
  EXPECT_THAT(shape({"resize:256", "normalise"}).status().message(),
              AllOf(HasSubstr("one of 300x400x3 becomes 256x341x3"),
                    HasSubstr("one of 400x300x3 becomes 341x256x3"),
                    HasSubstr("such as random-resized-crop:224")));
  EXPECT_THAT(shape({"random-crop:350"}).status().message(),
              AllOf(HasSubstr("random-crop:350"), HasSubstr("300x400x3")));
}

TEST(Augmentation, RefusesWhatWouldBeTooLarge) {
  const auto message = [](const std::string& operation, ImageSize size) {
    const auto augmentation = Augmentation::Parse({operation}, kOneChannel);
    CHECK(augmentation.ok()) << augmentation.status();
    return augmentation->OutputSize(size).status().message();
  };
  EXPECT_THAT(message("pad:65536", {8, 8, 3}),
              AllOf(HasSubstr("'pad:65536'"), HasSubstr("8x8x3"), HasSubstr("131080x131080x3")));
  EXPECT_THAT(message("resize:256", {1, 1 << 25, 1}), HasSubstr("more than 2^28 pixels"));
  EXPECT_THAT(message("random-resized-crop:65536", {8, 8, 3}), HasSubstr("more than 2^28"));
  EXPECT_THAT(message("color-jitter:hue=0.1", {8, 8, 4}), HasSubstr("images of 4 channels"));
  EXPECT_THAT(message("erase:value=1,2", {8, 8, 3}), HasSubstr("2 bytes for images of 3"));
}

TEST(Augmentation, ASampleThatDoesNotFitIsAStatus) {
  const auto crop = Augmentation::Parse({"random-crop:9"}, kOneChannel);
  const auto three = Augmentation::Parse({"normalise:mean=0,0,0:std=1,1,1"}, kOneChannel);
  const std::vector<uint8_t> image(64);
  const RawImage pixels(image.data(), {8, 8, 1});
  AugmentedSample sample;
  for (const auto* augmentation : {&crop, &three}) {
    ASSERT_TRUE(augmentation->ok());
    sample.Begin(pixels);
    EXPECT_EQ((*augmentation)->Run({}, &sample).code(), StatusCode::kInvalidArgument);
  }
}

TEST(Augmentation, ACropDrawsAndReadsOneWindowOfTheImage) {
  std::ifstream file(std::string(LOCKSTEP_SOURCE_DIR) +
                     "/storage/augment/testdata/operations_answers.json");
  const auto windows = nlohmann::json::parse(file)["windows"];
  ASSERT_EQ(windows.size(), 40u);
  const auto augmentation = Augmentation::Parse({"random-resized-crop:32", "hflip"}, kOneChannel);
  ASSERT_TRUE(augmentation.ok());
  AugmentedSample sample;
  for (const auto& answer : windows) {
    const RecordedSource source({61, 83, 3});
    sample.Begin(source);
    const AugmentStream stream = {StreamKey(answer["seed"], "augment"), Epoch(answer["epoch"]),
                                  SampleId(answer["id"])};
    ASSERT_TRUE(augmentation->Run(stream, &sample).ok());
    const auto& window = answer["window"];
    EXPECT_THAT(source.reads(),
                testing::ElementsAre(Window{window[0], window[1], window[2], window[3]}));
  }
}

class AugmentationOfWidth : public testing::TestWithParam<int64_t> {};

TEST_P(AugmentationOfWidth, MirrorsAndNormalisesImagesOfAnyNumberOfChannels) {
  constexpr int64_t kHeight = 2;
  const int64_t width = GetParam();
  for (const int64_t channels : {1, 2, 3, 4}) {
    for (const size_t statistics : {size_t{1}, static_cast<size_t>(channels)}) {
      ChannelStatistics used = {{0.1, 0.2, 0.3, 0.4}, {0.5, 0.6, 0.7, 0.8}};
      used.mean.resize(statistics);
      used.std.resize(statistics);
      const auto augmentation = Augmentation::Parse({"hflip", "normalise"}, used);
      ASSERT_TRUE(augmentation.ok()) << augmentation.status();
      std::vector<uint8_t> image;
      for (int i = 0; i < kHeight * width * channels; ++i) {
        image.push_back(static_cast<uint8_t>(31 * i));
      }
      std::vector<float> plain, mirrored;
      for (int64_t y = 0; y < kHeight; ++y) {
        for (int64_t x = 0; x < width; ++x) {
          for (int64_t c = 0; c < channels; ++c) {
            const size_t of = statistics == 1 ? 0 : static_cast<size_t>(c);
            const auto value = [&](int64_t column) {
              const int64_t i = (y * width + column) * channels + c;
              return static_cast<float>((image[static_cast<size_t>(i)] / 255.0 - used.mean[of]) /
                                        used.std[of]);
            };
            plain.push_back(value(x));
            mirrored.push_back(value(width - 1 - x));
          }
        }
      }
      int flips = 0;
      for (uint64_t id = 0; id < 20; ++id) {
        const AugmentStream stream = {StreamKey(1, "augment"), Epoch(0), SampleId(id)};
        const auto y = RunOn<float>(*augmentation, image, {kHeight, width, channels}, stream);
        flips += y == mirrored;
        EXPECT_TRUE(y == mirrored || y == plain) << channels << " channels, sample " << id;
      }
      EXPECT_THAT(flips, AllOf(testing::Gt(0), testing::Lt(20)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Some, AugmentationOfWidth, testing::Values(2, 5, 6, 7, 11, 16, 17, 39));

}  // namespace
}  // namespace lockstep::storage
