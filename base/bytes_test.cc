// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>

namespace lockstep {
namespace {

using ::testing::HasSubstr;

TEST(BytesTest, IntegersAreLittleEndianOfTheirWidth) {
  ByteWriter writer;
  writer.U8(0x01);
  writer.U16(0x0302);
  writer.U32(0x07060504);
  writer.U64(0x0f0e0d0c0b0a0908);
  std::string expected;
  for (char c = 1; c <= 15; ++c) expected.push_back(c);
  EXPECT_EQ(writer.bytes(), expected);
}

TEST(BytesTest, WhatIsWrittenIsRead) {
  ByteWriter writer;
  writer.U8(255);
  writer.U16(65535);
  writer.U32(std::numeric_limits<uint32_t>::max());
  writer.U64(std::numeric_limits<uint64_t>::max());
  writer.I64(std::numeric_limits<int64_t>::min());
  writer.F64(-0.0);
  writer.String(std::string_view("a\0b", 3));
  writer.String("");
  writer.Raw("xyz", 3);
  const std::string bytes = std::move(writer).Take();

  ByteReader reader(bytes, "test");
  EXPECT_EQ(*reader.U8(), 255);
  EXPECT_EQ(*reader.U16(), 65535);
  EXPECT_EQ(*reader.U32(), std::numeric_limits<uint32_t>::max());
  EXPECT_EQ(*reader.U64(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(*reader.I64(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(std::bit_cast<uint64_t>(*reader.F64()), uint64_t{1} << 63);
  EXPECT_EQ(*reader.String(), std::string_view("a\0b", 3));
  EXPECT_EQ(*reader.String(), "");
  EXPECT_FALSE(reader.ExpectEnd().ok());
  EXPECT_EQ(*reader.Raw(3), "xyz");
  EXPECT_TRUE(reader.ExpectEnd().ok());
}

TEST(BytesTest, TruncatedBytesAreDataLossThatNamesThePlace) {
  ByteReader reader(std::string_view("\x01\x02\x03\x04\x05", 5), "record of sample 17");
  ASSERT_TRUE(reader.U16().ok());
  const auto wide = reader.U64();
  EXPECT_EQ(wide.status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(wide.status().message(),
            "record of sample 17: truncated: 8 bytes expected at offset 2, 3 are there");
  EXPECT_EQ(reader.position(), 2u);  // unchanged by the failure
  EXPECT_EQ(*reader.U16(), 0x0403);
  EXPECT_THAT(reader.ExpectEnd().message(), HasSubstr("1 bytes left over at offset 4"));
}

TEST(BytesTest, AStringLongerThanTheBytesIsRefused) {
  ByteWriter writer;
  writer.U32(0xffffffff);
  writer.Raw("abc", 3);
  ByteReader reader(writer.bytes(), "header");
  EXPECT_EQ(reader.String().status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(reader.position(), 0u);
}

TEST(BytesTest, EveryPrefixOfEveryMessageFailsCleanly) {
  ByteWriter writer;
  writer.U64(1);
  writer.String("hello");
  writer.F64(1.5);
  for (size_t n = 0; n < writer.bytes().size(); ++n) {
    ByteReader reader(std::string_view(writer.bytes()).substr(0, n), "prefix");
    const bool all = reader.U64().ok() && reader.String().ok() && reader.F64().ok();
    EXPECT_FALSE(all) << n;
  }
}

TEST(BytesTest, BigEndianKeysSortAsTheirNumbers) {
  EXPECT_EQ(BigEndianKey(0x0102030405060708), "\x01\x02\x03\x04\x05\x06\x07\x08");
  const uint64_t values[] = {0, 1, 255, 256, uint64_t{1} << 40, ~uint64_t{0}};
  for (size_t i = 0; i < std::size(values); ++i) {
    EXPECT_EQ(*ParseBigEndianKey(BigEndianKey(values[i])), values[i]);
    if (i == 0) continue;
    EXPECT_LT(BigEndianKey(values[i - 1]), BigEndianKey(values[i]));
  }
  EXPECT_EQ(ParseBigEndianKey("short").status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace lockstep
