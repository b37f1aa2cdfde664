// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "storage/augment/testing/made_image.h"
#include "storage/image/encoded_image.h"

namespace lockstep::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr ImageSize kSize = {20, 30, 3};

std::vector<int32_t> MaskOf(const AugmentedSample& sample, int64_t index) {
  std::vector<int32_t> mask(static_cast<size_t>(sample.size().pixels()));
  sample.CopyMask(index, mask.data());
  return mask;
}

// What `change` makes of an image, pixel by pixel: at(y, x, c) is the byte there.
template <typename At>
std::vector<uint8_t> Expected(const ImageSize& size, const At& at) {
  std::vector<uint8_t> pixels;
  for (int64_t y = 0; y < size.height; ++y) {
    for (int64_t x = 0; x < size.width; ++x) {
      for (int64_t c = 0; c < size.channels; ++c) pixels.push_back(at(y, x, c));
    }
  }
  return pixels;
}

TEST(AugmentedSample, ReadsOnlyTheWindowThatIsLeft) {
  const RecordedSource source(kSize);
  AugmentedSample sample;
  sample.Begin(source);
  sample.Crop({2, 3, 15, 20});
  sample.Crop({1, 1, 10, 12});
  EXPECT_THAT(source.reads(), IsEmpty());
  sample.MirrorX();
  EXPECT_THAT(source.reads(), ElementsAre(Window{3, 4, 10, 12}));
  const std::vector<uint8_t> image = MadeImage(kSize);
  EXPECT_EQ(PackedPixels(sample.image()),
            Expected({10, 12, 3}, [&](int64_t y, int64_t x, int64_t c) {
              return image[static_cast<size_t>(((3 + y) * 30 + 4 + 11 - x) * 3 + c)];
            }));
}

TEST(AugmentedSample, ACropThatReachesOutsideReadsWhatIsInsideAndFillsTheRest) {
  const std::vector<uint8_t> image = MadeImage(kSize);
  for (const Window window : {Window{-3, -2, 10, 12}, Window{15, 25, 10, 10},
                              Window{-1, -1, 22, 32}, Window{5, -9, 3, 5}, Window{40, 3, 2, 2}}) {
    const RecordedSource source(kSize);
    const RawImage in_memory(image.data(), kSize);
    const auto expected =
        Expected({window.height, window.width, 3}, [&](int64_t y, int64_t x, int64_t c) {
          const int64_t row = y + window.top, column = x + window.left;
          const bool inside = row >= 0 && row < 20 && column >= 0 && column < 30;
          return inside ? image[static_cast<size_t>((row * 30 + column) * 3 + c)] : uint8_t{7};
        });
    AugmentedSample sample;
    for (const PixelSource* from :
         {static_cast<const PixelSource*>(&source), static_cast<const PixelSource*>(&in_memory)}) {
      sample.Begin(*from);
      sample.Crop(window, 7);
      EXPECT_EQ(PackedPixels(sample.image()), expected);
    }
    for (const Window& read : source.reads()) EXPECT_TRUE(LiesInside(read, kSize));
    EXPECT_LE(source.reads().size(), 1u);
  }
}

TEST(AugmentedSample, MasksHaveTheirIgnoreValueOutsideAndNearestPixelsElse) {
  const RecordedSource source({2, 3, 1});
  AugmentedSample sample;
  sample.Begin(source);
  ASSERT_TRUE(sample.AddMask({2, 3, {1, 2, 3, 4, 5, 6}, 255}).ok());
  ASSERT_TRUE(sample.AddMask({2, 3, {10, 20, 30, 40, 50, 600}, 65535}).ok());
  sample.Crop({0, 1, 3, 3});
  EXPECT_THAT(MaskOf(sample, 0), ElementsAre(2, 3, 255, 5, 6, 255, 255, 255, 255));
  EXPECT_THAT(MaskOf(sample, 1), ElementsAre(20, 30, 65535, 50, 600, 65535, 65535, 65535, 65535));
  sample.MirrorX();
  sample.MirrorY();
  EXPECT_THAT(MaskOf(sample, 0), ElementsAre(255, 255, 255, 255, 6, 5, 255, 3, 2));
  sample.Crop({1, 1, 2, 2});
  EXPECT_THAT(MaskOf(sample, 0), ElementsAre(6, 5, 3, 2));
  sample.Resize(2, 4, Filter::kBicubic);
  EXPECT_THAT(MaskOf(sample, 0), ElementsAre(6, 6, 5, 5, 3, 3, 2, 2));
  // A quarter turn, and half a pixel to the left: centres lie on borders, and the upper pixel has
  // them.
  sample.Affine({.a = 1, .b = 0, .c = 1, .d = 0, .e = 1, .f = 0}, Filter::kBilinear, 0);
  EXPECT_THAT(MaskOf(sample, 0), ElementsAre(6, 5, 5, 255, 3, 2, 2, 255));
  EXPECT_EQ(sample.masks(), 2);
}

TEST(AugmentedSample, BoxesFollowTheImage) {
  const RecordedSource source(kSize);
  AugmentedSample sample;
  sample.Begin(source);
  BoxesField boxes;
  boxes.xyxy = {4, 4, 12, 8, 20, 10, 28, 18};
  boxes.labels = {1, 2};
  boxes.area = {30, 60};
  ASSERT_TRUE(sample.AddBoxes(boxes).ok());
  sample.Crop({2, 8, 10, 10});
  EXPECT_THAT(sample.boxes()[0].xyxy, ElementsAre(0, 2, 4, 6));
  EXPECT_THAT(sample.boxes()[0].labels, ElementsAre(1));
  EXPECT_THAT(sample.boxes()[0].area, ElementsAre(15));
  sample.Resize(20, 5, Filter::kBilinear);
  EXPECT_THAT(sample.boxes()[0].xyxy, ElementsAre(0, 4, 2, 12));
  EXPECT_THAT(sample.boxes()[0].area, ElementsAre(15));
  sample.MirrorX();
  sample.MirrorY();
  EXPECT_THAT(sample.boxes()[0].xyxy, ElementsAre(3, 8, 5, 16));
  // The result shows what lay one pixel to the right and two below.
  sample.Affine({.a = 1, .b = 0, .c = 1, .d = 0, .e = 1, .f = 2}, Filter::kNearest, 0);
  EXPECT_THAT(sample.boxes()[0].xyxy, ElementsAre(2, 6, 4, 14));
  sample.KeepBoxes(0.6, 0);
  EXPECT_THAT(sample.boxes()[0].xyxy, IsEmpty());
}

TEST(AugmentedSample, ColoursAreChangedInACopy) {
  const std::vector<uint8_t> image = MadeImage(kSize);
  const std::vector<uint8_t> before = image;
  const RawImage source(image.data(), kSize);
  AugmentedSample sample;
  sample.Begin(source);
  sample.Crop({1, 2, 5, 6});
  sample.ChangeColours([](uint8_t* pixels, const ImageSize& size) {
    for (int64_t i = 0; i < size.bytes(); ++i) pixels[i] = static_cast<uint8_t>(255 - pixels[i]);
  });
  EXPECT_EQ(PackedPixels(sample.image()), Expected({5, 6, 3}, [&](int64_t y, int64_t x, int64_t c) {
              const uint8_t byte = image[static_cast<size_t>(((y + 1) * 30 + x + 2) * 3 + c)];
              return static_cast<uint8_t>(255 - byte);
            }));
  EXPECT_EQ(image, before);
}

TEST(AugmentedSample, AnImageThatCannotBeReadIsAStatusUntilTheNextSample) {
  RecordedSource broken(kSize);
  broken.Break();
  AugmentedSample sample;
  sample.Begin(broken);
  sample.Crop({2, 2, 4, 4});
  EXPECT_TRUE(sample.status().ok());
  sample.Resize(8, 8, Filter::kBilinear);
  sample.MirrorX();
  sample.Crop({-1, -1, 10, 10});
  EXPECT_EQ(sample.status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(PackedPixels(sample.image()), std::vector<uint8_t>(300));
  sample.Begin(broken);
  sample.Crop({-1, -1, 10, 10});
  EXPECT_FALSE(sample.status().ok());
  const RecordedSource source(kSize);
  sample.Begin(source);
  sample.Finish();
  EXPECT_TRUE(sample.status().ok());
  EXPECT_EQ(PackedPixels(sample.image()), MadeImage(kSize));
}

TEST(AugmentedSample, AMaskOfAnotherSizeIsDataLoss) {
  const RecordedSource source(kSize);
  AugmentedSample sample;
  sample.Begin(source);
  const Status status = sample.AddMask({20, 29, std::vector<uint16_t>(580), 255});
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("20x29 with 580 values, expected 20x30"));
  EXPECT_FALSE(sample.AddMask({20, 30, std::vector<uint16_t>(599), 255}).ok());
}

}  // namespace
}  // namespace lockstep::storage
