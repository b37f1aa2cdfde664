// SPDX-License-Identifier: Apache-2.0
// DType and Shape.
#include "base/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(DTypeTest, NameAndSizeRoundTrip) {
  const std::pair<DType, int64_t> sizes[] = {{DType::kFloat32, sizeof(float)},
                                             {DType::kFloat64, sizeof(double)},
                                             {DType::kInt32, sizeof(int32_t)},
                                             {DType::kInt64, sizeof(int64_t)},
                                             {DType::kUInt8, sizeof(uint8_t)}};
  for (const auto& [dtype, size] : sizes) {
    EXPECT_EQ(SizeOf(dtype), size);
    EXPECT_EQ(*ParseDType(DTypeName(dtype)), dtype);
  }
  EXPECT_EQ(DTypeName(DType::kFloat32), "f32");
  EXPECT_EQ(DTypeName(DType::kUInt8), "u8");
}

TEST(DTypeTest, AnUnknownNameIsAnErrorThatListsTheKnown) {
  const Status status = ParseDType("f16").status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), ::testing::HasSubstr("'f16'"));
  EXPECT_THAT(status.message(), ::testing::HasSubstr("f32, f64, i32, i64, u8"));
}

TEST(DTypeTest, OfCppTypes) {
  static_assert(kDTypeOf<float> == DType::kFloat32);
  static_assert(kDTypeOf<double> == DType::kFloat64);
  static_assert(kDTypeOf<int32_t> == DType::kInt32);
  static_assert(kDTypeOf<int64_t> == DType::kInt64);
  static_assert(kDTypeOf<uint8_t> == DType::kUInt8);
  EXPECT_TRUE(IsFloat(DType::kFloat64));
  EXPECT_FALSE(IsFloat(DType::kInt32));
}

TEST(ShapeTest, ElementsAndText) {
  EXPECT_EQ(Shape().elements(), 1);  // a scalar
  EXPECT_EQ(Shape().ToString(), "[]");
  const Shape images{32, 28, 28, 1};
  EXPECT_EQ(images.elements(), 32 * 28 * 28);
  EXPECT_EQ(images.rank(), 4);
  EXPECT_EQ(images[1], 28);
  EXPECT_EQ(images.ToString(), "[32,28,28,1]");
  EXPECT_EQ(Shape({5, 0}).elements(), 0);
  EXPECT_EQ(images, Shape(std::vector<int64_t>{32, 28, 28, 1}));
  EXPECT_NE(images, Shape({32, 28, 28}));
}

TEST(ShapeTest, TensorTypeBytesAndText) {
  const TensorType type{DType::kFloat64, {3, 2}};
  EXPECT_EQ(type.bytes(), 48);
  EXPECT_EQ(type.ToString(), "f64[3,2]");
  EXPECT_NE(type, (TensorType{DType::kFloat32, {3, 2}}));
}

}  // namespace
}  // namespace lockstep
