// SPDX-License-Identifier: Apache-2.0
#include "cluster/draw/sample_picture.h"

#include <gtest/gtest.h>

#include <limits>

#include "cluster/draw/contact_sheet.h"
#include "cluster/draw/font.h"

namespace lockstep::cluster {
namespace {

using storage::ImageSize;
using storage::SeenSample;

SeenSample Grey(int64_t height, int64_t width, int64_t channels = 3) {
  SeenSample sample;
  sample.size = {height, width, channels};
  sample.pixels.assign(static_cast<size_t>(sample.size.bytes()), 100);
  return sample;
}

Schema WithMaskAndBoxes() {
  return {{{.name = "image", .kind = FieldKind::kImage},
           {.name = "mask", .kind = FieldKind::kMask, .classes = {"background", "a", "b"}},
           {.name = "boxes", .kind = FieldKind::kBoxes},
           {.name = "what", .kind = FieldKind::kBoxLabels, .of = "boxes", .classes = {"x", "y"}}}};
}

constexpr Colour kGrey = {100, 100, 100};

TEST(DrawnSize, LargeOnesShrinkAndOfSmallOnesEachPixelGrows) {
  EXPECT_EQ(DrawnSize({28, 28, 1}, 160), (ImageSize{140, 140, 1}));
  EXPECT_EQ(DrawnSize({32, 16, 3}, 160), (ImageSize{160, 80, 3}));
  EXPECT_EQ(DrawnSize({100, 90, 3}, 160), (ImageSize{100, 90, 3}));
  EXPECT_EQ(DrawnSize({500, 375, 3}, 160), (ImageSize{160, 120, 3}));
  EXPECT_EQ(DrawnSize({1, 100000, 3}, 160), (ImageSize{1, 160, 3}));
  EXPECT_EQ(DrawnSize({1, 1, 3}, 160), (ImageSize{160, 160, 3}));
}

TEST(PictureOf, PixelsOfASmallImageStaySharp) {
  SeenSample sample = Grey(2, 2);
  sample.pixels[3] = sample.pixels[4] = sample.pixels[5] = 250;  // the upper right
  const Canvas picture = PictureOf(sample, WithMaskAndBoxes(), 8);
  ASSERT_EQ(picture.width(), 8);
  for (int64_t y = 0; y < 8; ++y) {
    for (int64_t x = 0; x < 8; ++x) {
      EXPECT_EQ(picture.At(y, x), (y < 4 && x >= 4 ? Colour{250, 250, 250} : kGrey));
    }
  }
}

TEST(PictureOf, ALargeImageIsAveraged) {
  SeenSample sample = Grey(64, 64);
  for (size_t i = 0; i < sample.pixels.size(); i += 2) sample.pixels[i] = 200;
  const Canvas picture = PictureOf(sample, WithMaskAndBoxes(), 8);
  ASSERT_EQ(picture.height(), 8);
  EXPECT_NEAR(picture.At(4, 4).red, 150, 3);
}

TEST(PictureOf, ImagesOfOtherNumbersOfChannelsAreShown) {
  for (const int64_t channels : {1, 2, 4}) {
    EXPECT_EQ(PictureOf(Grey(4, 4, channels), WithMaskAndBoxes(), 8).At(1, 1), kGrey) << channels;
  }
}

TEST(PictureOf, AMaskIsLaidOverButNotWhatItSaysNothingOf) {
  SeenSample sample = Grey(1, 4);
  sample.masks = {{"mask", {0, 1, 2, 255}, 255}};
  const Canvas picture = PictureOf(sample, WithMaskAndBoxes(), 4);
  const auto tinted = [](int64_t index) {
    Canvas canvas(1, 1, kGrey);
    canvas.Tint(0, 0, ColourOfClass(index));
    return canvas.At(0, 0);
  };
  EXPECT_EQ(picture.At(0, 0), kGrey) << "background";
  EXPECT_EQ(picture.At(0, 1), tinted(1));
  EXPECT_EQ(picture.At(0, 2), tinted(2));
  EXPECT_EQ(picture.At(0, 3), kGrey);
  const Schema unnamed = {{{.name = "mask", .kind = FieldKind::kMask}}};
  EXPECT_EQ(PictureOf(sample, unnamed, 4).At(0, 0), tinted(0)) << "0 is a class like others";
}

TEST(PictureOf, BoxesLieRoundWhatTheyHold) {
  SeenSample sample = Grey(80, 40);
  sample.boxes = {{"boxes", {.xyxy = {10, 40, 30, 70}, .labels = {1}, .flags = {}, .area = {}}}};
  const Canvas picture = PictureOf(sample, WithMaskAndBoxes(), 160);
  ASSERT_EQ(picture.width(), 80);
  const Colour colour = ColourOfClass(1);
  EXPECT_EQ(picture.At(139, 20), colour) << "the lower left corner";
  EXPECT_EQ(picture.At(139, 59), colour);
  EXPECT_EQ(picture.At(110, 20), colour);
  EXPECT_EQ(picture.At(110, 21), kGrey) << "inside";
  EXPECT_EQ(picture.At(110, 19), kGrey) << "outside";
  EXPECT_EQ(picture.At(140, 30), kGrey);
  EXPECT_EQ(picture.At(80, 26), colour) << "the name's background";
}

TEST(PictureOf, BoxesFarOutsideAndWithoutLabelsAreNoTrouble) {
  SeenSample sample = Grey(4, 4);
  sample.boxes = {{"boxes",
                   {.xyxy = {-1e30f, -1e30f, 1e30f, 1e30f, 3, 3, 1, 1, 1, 1, 2, 2},
                    .labels = {7},
                    .flags = {},
                    .area = {}}}};
  const Canvas picture = PictureOf(sample, WithMaskAndBoxes(), 4);
  EXPECT_EQ(picture.At(1, 1), ColourOfClass(0)) << "the third box, which has no label";
}

TEST(PictureOf, FlagsOfBoxesAreNamed) {
  const auto length = [](std::vector<int32_t> labels, std::vector<uint8_t> flags) {
    SeenSample sample = Grey(160, 160);
    sample.boxes = {
        {"boxes", {.xyxy = {2, 20, 158, 150}, .labels = labels, .flags = flags, .area = {}}}};
    const Canvas picture = PictureOf(sample, WithMaskAndBoxes(), 160);
    const Colour colour = ColourOfClass(labels.empty() ? 0 : labels[0]);
    int64_t x = 3;  // the last row of the name's background has no ink
    while (picture.At(20 + kGlyphHeight + 1, x) == colour) ++x;
    return (x - 3) / kGlyphAdvance;
  };
  EXPECT_EQ(length({1}, {0}), 1) << "y";
  EXPECT_EQ(length({1}, {1}), 8) << "y, crowd";
  EXPECT_EQ(length({1}, {2}), 12) << "y, difficult";
  EXPECT_EQ(length({1}, {3}), 19) << "y, crowd, difficult";
  EXPECT_EQ(length({}, {1}), 5) << "crowd";
  EXPECT_EQ(length({}, {0}), 0);
}

TEST(PictureOf, InstancesAndKeypointsAreDrawn) {
  SeenSample sample = Grey(8, 8);
  sample.instances = {{"instances", std::vector<int32_t>(64, -1)}};
  sample.instances[0].mask_of[0] = 0;
  sample.instances[0].mask_of[1] = 1;
  // The second is hidden, the third is not there, the fourth is nowhere.
  const float nan = std::numeric_limits<float>::quiet_NaN();
  sample.keypoints = {{"joints", 2, 2, {4, 4, 2, 2, 6, 1, 6, 2, 0, nan, 2, 2}}};
  const Canvas picture = PictureOf(sample, WithMaskAndBoxes(), 80);  // ten times as large
  const auto tinted = [](int64_t index) {
    Canvas canvas(1, 1, kGrey);
    canvas.Tint(0, 0, ColourOfClass(index));
    return canvas.At(0, 0);
  };
  EXPECT_EQ(picture.At(9, 9), tinted(0));
  EXPECT_EQ(picture.At(9, 10), tinted(1));
  EXPECT_EQ(picture.At(10, 9), kGrey);
  EXPECT_EQ(picture.At(40, 40), ColourOfClass(0));
  EXPECT_EQ(picture.At(42, 40), ColourOfClass(0));
  EXPECT_EQ(picture.At(41, 41), kGrey);
  EXPECT_EQ(picture.At(60, 20), kGrey) << "hollow";
  EXPECT_EQ(picture.At(60, 21), ColourOfClass(1));
  EXPECT_EQ(picture.At(20, 60), kGrey) << "it is not there";
}

TEST(PictureOf, ADenseFieldIsGrey) {
  const Canvas picture = PictureOf(storage::SeenDense{"depth", {1, 2, 1}, {0, 200}}, 8);
  ASSERT_EQ(picture.width(), 8);
  EXPECT_EQ(picture.At(0, 3), kBlack);
  EXPECT_EQ(picture.At(3, 4), (Colour{200, 200, 200}));
}

TEST(ContactSheet, PicturesStandInTheMiddleOfTheirCells) {
  ContactSheet sheet(3, 2, 20, 1);
  const std::vector<Canvas> pictures = {Canvas(20, 10, kWhite), Canvas(10, 20, kBlack)};
  for (int i = 0; i < 3; ++i) sheet.Add(pictures, std::vector<std::string>{"a long line of text"});
  const Canvas& canvas = sheet.canvas();
  int64_t white = 0, black = 0;
  for (int64_t y = 0; y < canvas.height(); ++y) {
    for (int64_t x = 0; x < canvas.width(); ++x) {
      white += canvas.At(y, x) == kWhite ? 1 : 0;
      black += canvas.At(y, x) == kBlack ? 1 : 0;
    }
  }
  EXPECT_EQ(white, 3 * 200);
  EXPECT_EQ(black, 3 * 200);
  EXPECT_EQ(canvas.At(4, 9), kWhite) << "the first pixel of the first picture";
  EXPECT_NE(canvas.At(4, 8), kWhite);
}

TEST(ContactSheet, IsAboutAsHighAsItIsWide) {
  for (const int64_t cells : {1, 2, 7, 24, 100, 400}) {
    for (const int64_t pictures : {1, 2}) {
      const ContactSheet sheet(cells, pictures, 160, 2);
      const double ratio = static_cast<double>(sheet.canvas().width()) /
                           static_cast<double>(sheet.canvas().height());
      EXPECT_GT(ratio, 0.6) << cells;
      EXPECT_LT(ratio, 3.0) << cells;
    }
  }
}

}  // namespace
}  // namespace lockstep::cluster
