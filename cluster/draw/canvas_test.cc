// SPDX-License-Identifier: Apache-2.0
#include "cluster/draw/canvas.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "cluster/draw/font.h"
#include "storage/image/image_decoder.h"
#include "storage/image/image_header.h"

namespace lockstep::cluster {
namespace {

constexpr Colour kRed = {200, 0, 0};

// The pixels that have a colour, as rows of '#' and '.'.
std::string Shown(const Canvas& canvas, Colour colour) {
  std::string text;
  for (int64_t y = 0; y < canvas.height(); ++y) {
    for (int64_t x = 0; x < canvas.width(); ++x) text += canvas.At(y, x) == colour ? '#' : '.';
    text += '\n';
  }
  return text;
}

TEST(Font, DrawsTheLettersThatItsPictureNames) {
  Canvas canvas(8, 17, kWhite);
  canvas.Text(0, 0, "Ag1", kBlack);
  EXPECT_EQ(Shown(canvas, kBlack),
            ".###..........#..\n"
            "#...#........##..\n"
            "#...#..####...#..\n"
            "#####.#...#...#..\n"
            "#...#.#...#...#..\n"
            "#...#..####...#..\n"
            "#...#.....#..###.\n"
            ".......###.......\n");
}

TEST(Font, EveryLetterHasInkAndNoTwoAreAlike) {
  std::set<std::string> seen;
  for (char c = ' '; c <= '~'; ++c) {
    std::string ink;
    for (int64_t y = 0; y < kGlyphHeight; ++y) {
      for (int64_t x = 0; x < kGlyphWidth; ++x) ink += GlyphInk(c, y, x) ? '#' : '.';
    }
    EXPECT_EQ(ink.find('#') == std::string::npos, c == ' ') << c;
    EXPECT_TRUE(seen.insert(ink).second) << c;
  }
}

TEST(Font, OtherCharactersAreOneQuestionMarkEach) {
  EXPECT_EQ(PrintableText("caf\xc3\xa9 \xe2\x82\xac\xf0\x9f\x90\xb1 a\tb\n\x7f"), "caf? ?? a?b??");
  EXPECT_EQ(PrintableText("\xff\xfe"), "??");
  EXPECT_EQ(PrintableText(""), "");
}

TEST(Font, WhatIsTooLongIsShortened) {
  EXPECT_EQ(Shortened("airplane", 8), "airplane");
  EXPECT_EQ(Shortened("airplane", 7), "airpl..");
  EXPECT_EQ(Shortened("airplane", 2), "ai");
  EXPECT_EQ(Shortened("airplane", 0), "");
  EXPECT_EQ(Shortened("airplane", -3), "");
}

TEST(Canvas, WhatLiesOutsideIsLeftOut) {
  Canvas canvas(4, 5, kWhite);
  canvas.Fill({-2, -3, 4, 5}, kRed);
  canvas.Fill({3, 4, 100, 100}, kRed);
  canvas.Fill({1, 1, 0, 9}, kBlack);
  canvas.Set(-1, 0, kRed);
  canvas.Set(0, 5, kRed);
  canvas.Text(-20, -20, "far away", kRed);
  EXPECT_EQ(Shown(canvas, kRed),
            "##...\n"
            "##...\n"
            ".....\n"
            "....#\n");
}

TEST(Canvas, AnOutlineIsOnePixelWideAndInside) {
  Canvas canvas(5, 6, kWhite);
  canvas.Outline({1, 1, 3, 4}, kRed);
  canvas.Outline({0, 0, 0, 4}, kRed);
  EXPECT_EQ(Shown(canvas, kRed),
            "......\n"
            ".####.\n"
            ".#..#.\n"
            ".####.\n"
            "......\n");
}

TEST(Canvas, ATintIsHalfOfBoth) {
  Canvas canvas(1, 2, {100, 50, 0});
  canvas.Tint(0, 1, {200, 51, 255});
  EXPECT_EQ(canvas.At(0, 0), (Colour{100, 50, 0}));
  EXPECT_EQ(canvas.At(0, 1), (Colour{150, 50, 127}));
}

TEST(Canvas, APictureIsDrawnWhereItIsPut) {
  Canvas picture(2, 2, kRed);
  Canvas canvas(3, 4, kWhite);
  canvas.Draw(2, 3, picture);
  canvas.Draw(-1, 0, picture);
  EXPECT_EQ(Shown(canvas, kRed),
            "##..\n"
            "....\n"
            "...#\n");
}

TEST(Canvas, ThePngHasThePixels) {
  Canvas canvas(3, 2, kWhite);
  canvas.Set(2, 1, {1, 2, 3});
  const auto png = canvas.Png();
  ASSERT_TRUE(png.ok()) << png.status();
  const auto header = storage::ReadImageHeader(*png);
  ASSERT_TRUE(header.ok()) << header.status();
  ASSERT_EQ(header->height, 3);
  ASSERT_EQ(header->width, 2);
  std::vector<uint8_t> pixels(3 * 2 * 3);
  storage::ImageDecoder decoder;
  ASSERT_TRUE(decoder.Decode(*png, *header, 3, pixels.data()).ok());
  EXPECT_EQ(std::vector<uint8_t>(pixels.end() - 6, pixels.end()),
            (std::vector<uint8_t>{255, 255, 255, 1, 2, 3}));
}

TEST(ColourOfClass, NeighboursDifferClearly) {
  for (int64_t i = 0; i < 1000; ++i) {
    for (int64_t j = i + 1; j < i + 5; ++j) {
      const Colour a = ColourOfClass(i), b = ColourOfClass(j);
      const int apart =
          std::abs(a.red - b.red) + std::abs(a.green - b.green) + std::abs(a.blue - b.blue);
      EXPECT_GT(apart, 60) << i << " and " << j;
    }
  }
}

TEST(InkOn, CanBeRead) {
  EXPECT_EQ(InkOn(kWhite), kBlack);
  EXPECT_EQ(InkOn(kBlack), kWhite);
  EXPECT_EQ(InkOn({255, 255, 0}), kBlack);
  EXPECT_EQ(InkOn({0, 0, 255}), kWhite);
}

}  // namespace
}  // namespace lockstep::cluster
