// SPDX-License-Identifier: Apache-2.0
#include "storage/import/sample_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

#include "storage/image/image_encoder.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;

void ExpectRefusal(const Schema& schema, std::vector<FieldValue> values, const std::string& text) {
  const Status status = SampleCheck(&schema, 3).Check(&values, nullptr);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(status.message(), HasSubstr(text));
}

TEST(SampleCheck, AMaskWithoutAnImageIsRefused) {
  const Schema schema = {{{.name = "image", .kind = FieldKind::kImage, .optional = true},
                          {.name = "mask", .kind = FieldKind::kMask, .optional = true}}};
  ExpectRefusal(schema, {NoValue(), ByteValue({1, 2}, "ab")}, "a mask and no image");
  std::vector<FieldValue> neither = {NoValue(), NoValue()};
  EXPECT_TRUE(SampleCheck(&schema, 3).Check(&neither, nullptr).ok());
}

// Two boxes, and what belongs to them.
class BoxesCheck : public ::testing::Test {
 protected:
  Schema schema_ = {
      {{.name = "boxes", .kind = FieldKind::kBoxes, .optional = true},
       {.name = "labels", .kind = FieldKind::kBoxLabels, .of = "boxes", .classes = {"a", "b"}},
       {.name = "flags", .kind = FieldKind::kBoxFlags, .of = "boxes"},
       {.name = "area", .kind = FieldKind::kBoxArea, .of = "boxes", .optional = true}}};
  std::array<float, 8> corners_ = {0, 0, 1, 1, 1, 2, 3, 4};

  std::vector<FieldValue> Values() const {
    return {FloatValue({2, 4}, corners_), IntValue({2}, std::array<int32_t, 2>{0, 1}),
            ByteValue({2}, std::string(2, '\0')), FloatValue({2}, std::array<float, 2>{1, 4})};
  }
  std::vector<FieldValue> With(size_t field, FieldValue value) const {
    std::vector<FieldValue> values = Values();
    values[field] = std::move(value);
    return values;
  }
};

TEST_F(BoxesCheck, WhatFitsIsTaken) {
  for (std::vector<FieldValue> values : {Values(), With(3, NoValue())}) {
    const Status status = SampleCheck(&schema_, 3).Check(&values, nullptr);
    EXPECT_TRUE(status.ok()) << status;
  }
}

TEST_F(BoxesCheck, EachBoxHasOneValueOfEveryCompanion) {
  ExpectRefusal(schema_, With(1, IntValue({1}, std::array<int32_t, 1>{0})),
                "field 'labels' has 1 values and there are 2 boxes in 'boxes'");
  ExpectRefusal(schema_, With(2, ByteValue({3}, std::string(3, '\0'))), "field 'flags' has 3");
  ExpectRefusal(schema_, With(3, FloatValue({0}, {})), "field 'area' has 0");
  ExpectRefusal(schema_, With(0, NoValue()), "there are 0 boxes");
}

TEST_F(BoxesCheck, LabelsOfBoxesAreClasses) {
  for (const int32_t label : {-1, 2}) {
    ExpectRefusal(schema_, With(1, IntValue({2}, std::array<int32_t, 2>{0, label})),
                  "box 1 of 'boxes' has label " + std::to_string(label) + ", but there are 2");
  }
}

TEST_F(BoxesCheck, CoordinatesAreFinite) {
  corners_[5] = std::numeric_limits<float>::infinity();
  ExpectRefusal(schema_, Values(), "number 5 of field 'boxes' is inf");
  corners_[5] = std::numeric_limits<float>::quiet_NaN();
  ExpectRefusal(schema_, Values(), "expected a finite number");
  corners_[5] = 2;
  const float none = std::numeric_limits<float>::quiet_NaN();
  ExpectRefusal(schema_, With(3, FloatValue({2}, std::array<float, 2>{none, 1})), "'area'");
}

TEST(SampleCheck, ALargeImageDoesNotKeepItsMemory) {
  const Schema schema = {{{.name = "image", .kind = FieldKind::kImage}}};
  SampleCheck check(&schema, 3);
  const auto look_at = [&](int64_t side) {
    const std::vector<uint8_t> pixels(static_cast<size_t>(side * side));
    std::vector<FieldValue> values = {
        {Encoding::kPng, {}, *EncodePng(pixels.data(), {side, side, 1})}};
    EXPECT_TRUE(check.Check(&values, nullptr).ok());
  };
  look_at(100);
  EXPECT_GE(check.kept_bytes(), size_t{30000});
  look_at(4800);  // 69 MB
  EXPECT_LE(check.kept_bytes(), SampleCheck::kMostKept);
}

}  // namespace
}  // namespace lockstep::storage
