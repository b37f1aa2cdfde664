// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/field_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/image/image_encoder.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;

TEST(ReadMask, TakesRawValuesOfOneAndTwoBytesAndPngFiles) {
  ImageDecoder decoder;
  const auto narrow = ReadMask(ByteValue({1, 3}, {'\0', '\x07', '\xff'}).View(), &decoder);
  ASSERT_TRUE(narrow.ok()) << narrow.status();
  EXPECT_EQ(narrow->values, (std::vector<uint16_t>{0, 7, 255}));
  EXPECT_EQ(narrow->ignore, 255);
  const auto wide = ReadMask(ByteValue({2, 1}, {'\x01', '\x02', '\xff', '\xff'}).View(), &decoder);
  ASSERT_TRUE(wide.ok()) << wide.status();
  EXPECT_EQ(wide->values, (std::vector<uint16_t>{0x201, 65535}));
  EXPECT_EQ(wide->ignore, 65535);
  const std::vector<uint8_t> pixels = {3, 1, 4, 1, 5, 255};
  const FieldValue png = {Encoding::kPng, {2, 3}, *EncodePng(pixels.data(), {2, 3, 1})};
  const auto encoded = ReadMask(png.View(), &decoder);
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  EXPECT_EQ(encoded->values, (std::vector<uint16_t>{3, 1, 4, 1, 5, 255}));
  EXPECT_EQ(encoded->height, 2);
  EXPECT_EQ(encoded->width, 3);
}

TEST(ReadMask, AFileOfAnotherSizeThanTheRecordSaysIsDataLoss) {
  ImageDecoder decoder;
  const std::vector<uint8_t> pixels(6);
  const std::string file = *EncodePng(pixels.data(), {2, 3, 1});
  for (const auto& dims : std::vector<std::vector<uint32_t>>{{3, 2}, {2, 4}, {9, 9}, {1, 1}}) {
    const Status status =
        ReadMask(FieldValue{Encoding::kPng, dims, file}.View(), &decoder).status();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss);
    EXPECT_THAT(status.message(), HasSubstr("its file is 2x3x1"));
  }
  const FieldValue cut = {Encoding::kPng, {2, 3}, file.substr(0, 40)};
  EXPECT_EQ(ReadMask(cut.View(), &decoder).status().code(), StatusCode::kDataLoss);
}

TEST(ReadBoxes, TakesWhatBelongsToThemAlone) {
  const Schema schema = {
      {{.name = "a", .kind = FieldKind::kBoxes, .most = 2},
       {.name = "b", .kind = FieldKind::kBoxes, .most = 2},
       {.name = "a_labels", .kind = FieldKind::kBoxLabels, .of = "a"},
       {.name = "b_labels", .kind = FieldKind::kBoxLabels, .of = "b"},
       {.name = "b_flags", .kind = FieldKind::kBoxFlags, .of = "b"},
       {.name = "b_area", .kind = FieldKind::kBoxArea, .of = "b", .optional = true}}};
  const std::vector<float> two = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<int32_t> labels = {8, 9};
  const std::vector<FieldValue> values = {
      FloatValue({0, 4}, {}), FloatValue({2, 4}, two),        IntValue({0}, {}),
      IntValue({2}, labels),  ByteValue({2}, {'\x01', '\0'}), NoValue()};
  const auto record = Record::Decode(SampleId(3), EncodeRecord(SampleId(3), "p", values), schema);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(ReadBoxes(schema, *record, 0).count(), 0);
  EXPECT_TRUE(ReadBoxes(schema, *record, 0).labels.empty());
  const BoxesField b = ReadBoxes(schema, *record, 1);
  EXPECT_EQ(b.xyxy, two);
  EXPECT_EQ(b.labels, labels);
  EXPECT_EQ(b.flags, (std::vector<uint8_t>{1, 0}));
  EXPECT_TRUE(b.area.empty());
}

}  // namespace
}  // namespace lockstep::storage
