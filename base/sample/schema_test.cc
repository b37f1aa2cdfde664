// SPDX-License-Identifier: Apache-2.0
#include "base/sample/schema.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(SchemaTest, EveryKindHasANameThatGivesTheKind) {
  for (int kind = 0; kind <= static_cast<int>(FieldKind::kSourceId); ++kind) {
    const std::string_view name = FieldKindName(static_cast<FieldKind>(kind));
    EXPECT_EQ(static_cast<int>(*FieldKindOf(name)), kind) << name;
  }
  EXPECT_EQ(FieldKindName(FieldKind::kBoxArea), "box_area");
  EXPECT_EQ(FieldKindOf("box_lables").status().message(),
            "there is no kind of field 'box_lables'; did you mean 'box_labels'?");
}

TEST(SchemaTest, FieldsAreFoundByNameAndByKind) {
  const Schema schema = {{{.name = "photo", .kind = FieldKind::kImage},
                          {.name = "label", .kind = FieldKind::kLabel, .classes = {"a", "b"}}}};
  EXPECT_TRUE(schema.Check().ok());
  EXPECT_EQ(schema.IndexOf("label"), 1);
  EXPECT_EQ(schema.IndexOf("image"), -1);
  EXPECT_EQ(schema.FirstOf(FieldKind::kImage), 0);
  EXPECT_EQ(schema.FirstOf(FieldKind::kMask), -1);
  EXPECT_EQ(schema.Find("mask"), nullptr);
  EXPECT_EQ(schema.ToString(), "photo image, label label (2 classes)");
}

TEST(SchemaTest, WhatIsNoSchemaIsRefusedByName) {
  const auto message = [](std::vector<FieldSpec> fields) {
    return Schema{std::move(fields)}.Check().message();
  };
  EXPECT_EQ(message({{.name = "Image"}}),
            "field 'Image': expected a name of lower-case letters, digits and '_'");
  EXPECT_EQ(message({{.name = "a"}, {.name = "a"}}), "field 'a' stands twice in the schema");
  EXPECT_EQ(message({{.name = "area", .kind = FieldKind::kBoxArea}}),
            "field 'area' of kind box_area does not say which boxes it belongs to");
  EXPECT_EQ(message({{.name = "area", .kind = FieldKind::kBoxArea, .of = "boxes"}}),
            "field 'area' belongs to 'boxes', which is no field of boxes before it");
  EXPECT_EQ(
      message({{.name = "image"}, {.name = "label", .kind = FieldKind::kLabel, .of = "image"}}),
      "field 'label' of kind label cannot belong to 'image'");
  EXPECT_EQ(message({{.name = "boxes", .kind = FieldKind::kBoxes, .most = -1}}),
            "field 'boxes' has at most -1 values, expected 0 or more");
}

}  // namespace
}  // namespace lockstep
