// SPDX-License-Identifier: Apache-2.0
#include "base/sample/row_type.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(RowType, FollowsTheKindOfTheField) {
  const Shape image = {9, 7, 3};
  const auto type = [&](const FieldSpec& field, DType precision = DType::kFloat32) {
    const auto found = RowTypeOf(field, image, precision);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? found->ToString() : "";
  };
  EXPECT_EQ(type({.name = "a", .kind = FieldKind::kImage}), "f32[9,7,3]");
  EXPECT_EQ(type({.name = "a", .kind = FieldKind::kImage}, DType::kFloat64), "f64[9,7,3]");
  EXPECT_EQ(type({.name = "a", .kind = FieldKind::kLabel}), "i32[]");
  EXPECT_EQ(type({.name = "a", .kind = FieldKind::kLabels, .classes = {"x", "y"}}), "f32[2]");
  EXPECT_EQ(type({.name = "a", .kind = FieldKind::kNumbers, .most = 5}), "f32[5]");
  EXPECT_EQ(type({.name = "a", .kind = FieldKind::kMask}, DType::kFloat64), "i32[9,7]");
}

TEST(RowType, AKindThatNoBatchHoldsIsRefusedWithThoseItCanHold) {
  EXPECT_EQ(RowTypeOf({.name = "caption", .kind = FieldKind::kText}, {1, 1, 1}, DType::kFloat32)
                .status()
                .ToString(),
            "invalid-argument: field 'caption' is of kind text, which no batch can hold yet; "
            "expected image, label, labels, numbers or mask");
}

}  // namespace
}  // namespace lockstep
