// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/hash.h"
#include "storage/dataset/run_lengths.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;

// A field of every kind and a value that it may have.
struct Everything {
  Schema schema;
  std::vector<FieldValue> values;

  Everything() {
    const auto add = [this](FieldKind kind, FieldValue value, const std::string& of = "") {
      schema.fields.push_back({.name = std::string(FieldKindName(kind)), .kind = kind, .of = of});
      values.push_back(std::move(value));
    };
    add(FieldKind::kImage, {Encoding::kJpeg, {4, 6, 3}, "as it came"});
    add(FieldKind::kLabel, LabelValue(1));
    schema.fields.back().classes = {"a", "b"};
    add(FieldKind::kLabels, ByteValue({3}, std::string("\1\0\1", 3)));
    schema.fields.back().classes = {"x", "y", "z"};
    add(FieldKind::kNumbers, FloatValue({2}, std::vector<float>{1.5f, -2.0f}));
    add(FieldKind::kTokens, IntValue({1}, std::vector<int32_t>{-7}));
    add(FieldKind::kMask, ByteValue({1, 2}, std::string("\0\1\2\3", 4)));  // u16
    add(FieldKind::kDense, FloatValue({1, 2, 1}, std::vector<float>{0.25f, 0.5f}));
    add(FieldKind::kBoxes, FloatValue({1, 4}, std::vector<float>{0, 1, 2, 3}));
    add(FieldKind::kBoxLabels, IntValue({1}, std::vector<int32_t>{0}), "boxes");
    add(FieldKind::kBoxFlags, ByteValue({1}, "\2"), "boxes");
    add(FieldKind::kBoxArea, FloatValue({1}, std::vector<float>{4.0f}), "boxes");
    add(FieldKind::kInstances,
        RunLengthsValue(1, 2, std::vector<std::vector<uint8_t>>{{0, 1}, {1, 1}}));
    add(FieldKind::kKeypoints, FloatValue({1, 1, 3}, std::vector<float>{1, 2, 1}));
    add(FieldKind::kText, TextValue("caf\xc3\xa9"));
    add(FieldKind::kSourceId, SourceIdValue(-1));
  }
};

Result<Record> Decode(const std::string& bytes, const Schema& schema) {
  return Record::Decode(SampleId(3), bytes, schema);
}

// The bytes with the checksum that they should have.
std::string Sealed(std::string bytes) {
  Hasher hasher;
  hasher.UpdateU64(3);
  hasher.Update(std::string_view(bytes).substr(8));
  const uint64_t checksum = hasher.Digest64();
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(checksum >> (8 * i));
  return bytes;
}

TEST(RecordTest, EveryKindOfFieldComesBackAlignedToEightBytes) {
  const Everything all;
  ASSERT_EQ(all.schema.fields.size(), static_cast<size_t>(FieldKind::kSourceId) + 1);
  ASSERT_TRUE(all.schema.Check().ok()) << all.schema.Check();
  const auto record = Decode(EncodeRecord(SampleId(3), "a/b.jpg", all.values), all.schema);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->id(), SampleId(3));
  EXPECT_EQ(record->source_path(), "a/b.jpg");
  ASSERT_EQ(record->fields(), all.values.size());
  for (size_t f = 0; f < all.values.size(); ++f) {
    const FieldView view = record->field(f), given = all.values[f].View();
    EXPECT_EQ(view.encoding, given.encoding);
    EXPECT_EQ(view.rank, given.rank);
    EXPECT_EQ(view.dims, given.dims);
    EXPECT_EQ(view.bytes, given.bytes) << all.schema.fields[f].name;
    EXPECT_EQ((view.bytes.data() - record->bytes().data()) % 8, 0);
  }
  EXPECT_EQ(FactsOf(all.schema, *record), (SampleFacts{4, 6, 1, 1}));
}

TEST(RecordTest, AnOptionalFieldMayHaveNoValueAndOthersMayNot) {
  Schema schema = ImageAndLabel({"a"});
  const std::vector<FieldValue> values = {ImageValue(1, 1, 1, "p"), NoValue()};
  const std::string bytes = EncodeRecord(SampleId(3), "p", values);
  EXPECT_THAT(Decode(bytes, schema).status().message(), HasSubstr("the field is not optional"));
  schema.fields[1].optional = true;
  const auto record = Decode(bytes, schema);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_TRUE(record->field(1).absent());
  EXPECT_EQ(FactsOf(schema, *record).label, -1);
}

TEST(RecordTest, WhatAFieldCannotHoldIsRefusedWithWhatWasExpected) {
  const auto refusal = [](FieldKind kind, const FieldValue& value) {
    FieldSpec spec = {.name = "f", .kind = kind};
    if (kind == FieldKind::kLabel || kind == FieldKind::kLabels) spec.classes = {"a", "b"};
    const Status status = CheckValue(spec, value.View());
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << FieldKindName(kind);
    return status.message();
  };
  EXPECT_THAT(refusal(FieldKind::kLabel, LabelValue(2)), HasSubstr("label 2, but there are 2"));
  EXPECT_THAT(refusal(FieldKind::kLabel, LabelValue(-1)), HasSubstr("label -1"));
  EXPECT_THAT(refusal(FieldKind::kLabel, ByteValue({1}, "x")), HasSubstr("expected one i32"));
  EXPECT_THAT(refusal(FieldKind::kLabels, ByteValue({3}, "abc")), HasSubstr("for each class"));
  EXPECT_THAT(refusal(FieldKind::kImage, ImageValue(2, 2, 1, "abc")),
              HasSubstr("expected 4 bytes"));
  EXPECT_THAT(refusal(FieldKind::kImage, {Encoding::kJpeg, {65535, 65535, 3}, "x"}),
              HasSubstr("at most 2^28 pixels"));
  EXPECT_THAT(refusal(FieldKind::kImage, {Encoding::kPng, {4, 4, 3}, ""}), HasSubstr("png"));
  EXPECT_THAT(refusal(FieldKind::kImage, {Encoding::kRunLengths, {4, 4, 3}, "x"}),
              HasSubstr("expected jpeg, png or raw"));
  EXPECT_THAT(refusal(FieldKind::kMask, ByteValue({2, 2}, "abc")), HasSubstr("a png or raw mask"));
  EXPECT_THAT(refusal(FieldKind::kBoxes, FloatValue({1, 3}, std::vector<float>{1, 2, 3})),
              HasSubstr("f32 [n, 4]"));
  const uint32_t most = std::numeric_limits<uint32_t>::max();
  EXPECT_THAT(refusal(FieldKind::kKeypoints, {Encoding::kRaw, {most, most, 3}, "abc"}),
              HasSubstr("f32 [n, k, 3]"));
  EXPECT_THAT(refusal(FieldKind::kInstances, {Encoding::kRunLengths, {1, 4, 6}, "runs"}),
              HasSubstr("mask 0 has"));
  EXPECT_THAT(refusal(FieldKind::kSourceId, LabelValue(0)), HasSubstr("one i64"));
}

TEST(RecordTest, BytesThatAreNoRecordOfTheSchemaAreRefused) {
  const Schema schema = ImageAndLabel({"a"});
  const std::vector<FieldValue> values = {ImageValue(1, 3, 1, "pqr"), LabelValue(0)};
  const std::string bytes = EncodeRecord(SampleId(3), "p", values);
  ASSERT_TRUE(Decode(bytes, schema).ok());
  const auto message = [&](const std::string& changed, const Schema& as) {
    return Decode(Sealed(changed), as).status().message();
  };
  EXPECT_THAT(message(bytes + '\0', schema), HasSubstr("expected "));
  EXPECT_THAT(message(bytes, Everything().schema), HasSubstr("2 fields"));
  std::string other = bytes;
  other[8] = 1;
  EXPECT_THAT(message(other, schema), HasSubstr("record version 1"));
  other = bytes;
  other[12] = 127;  // the length of the path
  EXPECT_THAT(message(other, schema), HasSubstr("a path of 127"));
  // Between the image's three bytes and the label lie zeros.
  other = bytes;
  const size_t image = bytes.find("pqr");
  ASSERT_NE(image, std::string::npos);
  other[image + 4] = 'x';
  EXPECT_THAT(message(other, schema),
              HasSubstr("there are bytes before the value of field 'label'"));
}

}  // namespace
}  // namespace lockstep::storage
