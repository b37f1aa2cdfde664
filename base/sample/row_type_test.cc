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
            "expected image, label, labels, numbers, mask, boxes, box_labels, box_flags or "
            "box_area");
}

TEST(TensorsOfBatch, BoxesHaveRoomForTheMostOfASampleAndACountBehindAllElse) {
  const Schema schema{{{.name = "image", .kind = FieldKind::kImage},
                       {.name = "found", .kind = FieldKind::kBoxes, .most = 9},
                       {.name = "what", .kind = FieldKind::kBoxLabels, .of = "found"}}};
  const auto text = [&](int64_t most) {
    const auto tensors = TensorsOfBatch(schema,
                                        {{.tensor = "boxes", .field = "found", .most = most},
                                         {.tensor = "classes", .field = "what", .most = most}},
                                        {5, 6, 3}, DType::kFloat32);
    EXPECT_TRUE(tensors.ok()) << tensors.status();
    std::string all;
    for (const BatchTensor& tensor : *tensors)
      all += tensor.name + " " + tensor.row.ToString() + " ";
    return all;
  };
  EXPECT_EQ(text(0), "boxes f32[16,4] classes i32[16] boxes.count i32[] ");
  EXPECT_EQ(text(1), "boxes f32[1,4] classes i32[1] boxes.count i32[] ");
  const auto none =
      TensorsOfBatch(schema, {{.tensor = "boxes", .field = "box"}}, {5, 6, 3}, DType::kFloat32);
  EXPECT_NE(none.status().message().find("needs a field 'box'; the dataset has: image image"),
            std::string::npos)
      << none.status();
}

}  // namespace
}  // namespace lockstep
