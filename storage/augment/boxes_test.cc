// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/boxes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace lockstep::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

BoxesField Made(std::vector<float> xyxy) {
  BoxesField boxes;
  boxes.xyxy = std::move(xyxy);
  for (int32_t i = 0; i < boxes.count(); ++i) {
    boxes.labels.push_back(10 + i);
    boxes.flags.push_back(static_cast<uint8_t>(i));
    boxes.area.push_back(100.0f * static_cast<float>(i + 1));
  }
  CHECK(SetUpBoxes(&boxes).ok());
  return boxes;
}

TEST(Boxes, AreMovedScaledAndMirrored) {
  BoxesField boxes = Made({1, 2, 5, 10});
  MoveBoxes(-1, 3, &boxes);
  EXPECT_THAT(boxes.xyxy, ElementsAre(0, 5, 4, 13));
  EXPECT_THAT(boxes.area, ElementsAre(100));
  ScaleBoxes(0.5, 2, &boxes);
  EXPECT_THAT(boxes.xyxy, ElementsAre(0, 10, 2, 26));
  EXPECT_THAT(boxes.area, ElementsAre(100));
  ScaleBoxes(2, 2, &boxes);
  EXPECT_THAT(boxes.area, ElementsAre(400));
  MirrorBoxesX(100, &boxes);
  EXPECT_THAT(boxes.xyxy, ElementsAre(96, 20, 100, 52));
  MirrorBoxesY(60, &boxes);
  EXPECT_THAT(boxes.xyxy, ElementsAre(96, 8, 100, 40));
}

TEST(Boxes, ATurnedBoxIsTheOneAroundItsCorners) {
  BoxesField boxes = Made({10, 20, 14, 22});
  MapBoxes({.a = 0, .b = -1, .c = 100, .d = 1, .e = 0, .f = 0}, &boxes);  // a quarter turn
  EXPECT_THAT(boxes.xyxy, ElementsAre(78, 10, 80, 14));
  EXPECT_THAT(boxes.area, ElementsAre(100));
  MapBoxes({.a = 1, .b = 1, .c = 0, .d = -1, .e = 1, .f = 0}, &boxes);  // an eighth, enlarged
  EXPECT_THAT(boxes.xyxy, ElementsAre(88, -70, 94, -64));
  EXPECT_THAT(boxes.area, ElementsAre(200));
}

TEST(Boxes, AClippedBoxKeepsTheShareThatIsLeftAndLessThanAPixelIsDropped) {
  BoxesField boxes = Made({2,   2,  6,   6,   // inside
                           -6,  0,  2,   4,   // a quarter left
                           9.5, 0,  12,  4,   // half a pixel left
                           20,  20, 30,  30,  // outside
                           8,   8,  12,  12,  // a quarter left
                           3,   3,  3.5, 4,   // small, but not clipped
                           -10, 0,  10,  10});
  ClipBoxes(10, 10, &boxes);
  EXPECT_THAT(boxes.xyxy,
              ElementsAre(2, 2, 6, 6, 0, 0, 2, 4, 8, 8, 10, 10, 3, 3, 3.5, 4, 0, 0, 10, 10));
  EXPECT_THAT(boxes.labels, ElementsAre(10, 11, 14, 15, 16));
  EXPECT_THAT(boxes.flags, ElementsAre(0, 1, 4, 5, 6));
  EXPECT_THAT(boxes.area, ElementsAre(100, 50, 125, 600, 350));
  EXPECT_THAT(boxes.visible, ElementsAre(1, 0.25, 0.25, 1, 0.5));

  ClipBoxes(10, 4, &boxes);  // what is left multiplies
  KeepBoxes(0.19, 1.5, &boxes);
  EXPECT_THAT(boxes.xyxy, ElementsAre(2, 2, 4, 6, 0, 0, 2, 4, 0, 0, 4, 10));
  EXPECT_THAT(boxes.labels, ElementsAre(10, 11, 16));
  KeepBoxes(0.3, 0, &boxes);
  EXPECT_THAT(boxes.labels, ElementsAre(10));
}

TEST(Boxes, MayLackCompanions) {
  BoxesField boxes;
  boxes.xyxy = {0, 0, 4, 4, 20, 0, 24, 4};
  ASSERT_TRUE(SetUpBoxes(&boxes).ok());
  ClipBoxes(8, 8, &boxes);
  EXPECT_EQ(boxes.count(), 1);
  EXPECT_THAT(boxes.labels, IsEmpty());
  EXPECT_THAT(boxes.area, IsEmpty());
}

TEST(Boxes, ThatDoNotAgreeAreDataLoss) {
  const auto message = [](BoxesField boxes) {
    const Status status = SetUpBoxes(&boxes);
    EXPECT_EQ(status.code(), StatusCode::kDataLoss);
    return status.message();
  };
  BoxesField three;
  three.xyxy = {1, 2, 3};
  EXPECT_THAT(message(three), HasSubstr("3 coordinates, expected four a box"));
  BoxesField labels;
  labels.xyxy = {1, 2, 3, 4};
  labels.labels = {1, 2};
  EXPECT_THAT(message(labels), HasSubstr("1 boxes and 2 labels"));
  BoxesField infinite;
  infinite.xyxy = {1, 2, 3, std::numeric_limits<float>::infinity()};
  EXPECT_THAT(message(infinite), HasSubstr("box 0 of the sample has the coordinate inf"));
}

}  // namespace
}  // namespace lockstep::storage
