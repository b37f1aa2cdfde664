// SPDX-License-Identifier: Apache-2.0
// Schema: the fields that every sample of a dataset has. The store keeps it with the dataset, the
// loader applies it, and a task says which of the fields it reads. A schema is plain data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lockstep {

// The most pixels that an image or a mask may have: 16384 x 16384.
inline constexpr int64_t kMaxPixels = int64_t{1} << 28;

// What a field holds. The order is that of the numbers in the store: new kinds go to the end.
enum class FieldKind : uint8_t {
  kImage,      // a photograph: the bytes of a JPEG or PNG file, or u8 [H, W, C]
  kLabel,      // i32 []: the index of a class
  kLabels,     // u8 [classes]: 1 for each class that the sample belongs to
  kNumbers,    // f32 [n]
  kTokens,     // i32 [n]
  kMask,       // u8 or u16 [H, W], raw or the bytes of a PNG file; the largest value is ignored
  kDense,      // f32 [H, W, c]: depth, heat maps
  kBoxes,      // f32 [n, 4]: x1 y1 x2 y2 in pixels of the image, x2 and y2 just outside the box
  kBoxLabels,  // i32 [n]: the class of each box
  kBoxFlags,   // u8 [n]: bit 0 is a crowd, bit 1 is difficult
  kBoxArea,    // f32 [n]: in square pixels
  kInstances,  // n masks, run lengths
  kKeypoints,  // f32 [n, k, 3]: x, y, visibility
  kText,       // UTF-8
  kSourceId,   // i64 []
};

// "image", "box_labels": how the kind is written in a dataset.
std::string_view FieldKindName(FieldKind kind);
Result<FieldKind> FieldKindOf(std::string_view name);

struct FieldSpec {
  std::string name;  // lower-case letters, digits and '_', beginning with a letter
  FieldKind kind = FieldKind::kImage;
  std::string of = {};                    // the boxes that this field belongs to; else empty
  std::vector<std::string> classes = {};  // the names of its values 0, 1, ...; else empty
  int64_t most = 0;                       // the largest n of any sample; 0 where there is no n
  bool optional = false;                  // some samples have no value

  bool operator==(const FieldSpec&) const = default;
};

struct Schema {
  std::vector<FieldSpec> fields;

  // The place of the field of this name, or of the first of this kind; -1 where there is none.
  int IndexOf(std::string_view name) const;
  int FirstOf(FieldKind kind) const;
  const FieldSpec* Find(std::string_view name) const;

  // Fails with invalid-argument where a name is not a name or stands twice, `of` names no boxes
  // before the field, or a kind that belongs to boxes says nothing of them.
  Status Check() const;
  std::string ToString() const;  // "image image, label label (10 classes)"

  // The names of the values 0, 1, ... of the first field that has names; empty where none has.
  const std::vector<std::string>& classes() const;

  bool operator==(const Schema&) const = default;
};

// The fields `image` and `label`: what a classifier is trained on.
Schema ImageAndLabel(std::vector<std::string> classes);

}  // namespace lockstep
