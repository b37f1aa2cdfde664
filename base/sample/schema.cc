// SPDX-License-Identifier: Apache-2.0
#include "base/sample/schema.h"

#include <algorithm>
#include <iterator>

#include "base/suggest.h"

namespace lockstep {
namespace {

// In the order of FieldKind.
constexpr std::string_view kKindNames[] = {
    "image",      "label",     "labels",   "numbers",   "tokens",    "mask", "dense",    "boxes",
    "box_labels", "box_flags", "box_area", "instances", "keypoints", "text", "source_id"};
static_assert(std::size(kKindNames) == static_cast<size_t>(FieldKind::kSourceId) + 1);

bool IsFieldName(std::string_view name) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || c == '_' || (c >= '0' && c <= '9');
  });
}

bool BelongsToBoxes(FieldKind kind) {
  return kind == FieldKind::kBoxLabels || kind == FieldKind::kBoxFlags ||
         kind == FieldKind::kBoxArea;
}

}  // namespace

std::string_view FieldKindName(FieldKind kind) { return kKindNames[static_cast<size_t>(kind)]; }

Result<FieldKind> FieldKindOf(std::string_view name) {
  const auto* const found = std::find(std::begin(kKindNames), std::end(kKindNames), name);
  if (found == std::end(kKindNames)) {
    return InvalidArgument(
        "there is no kind of field '" + std::string(name) + "'" +
        Suggestion(name, std::vector<std::string>(std::begin(kKindNames), std::end(kKindNames))));
  }
  return static_cast<FieldKind>(found - std::begin(kKindNames));
}

int Schema::IndexOf(std::string_view name) const {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

int Schema::FirstOf(FieldKind kind) const {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].kind == kind) return static_cast<int>(i);
  }
  return -1;
}

const FieldSpec* Schema::Find(std::string_view name) const {
  const int index = IndexOf(name);
  return index < 0 ? nullptr : &fields[static_cast<size_t>(index)];
}

Status Schema::Check() const {
  for (size_t i = 0; i < fields.size(); ++i) {
    const FieldSpec& field = fields[i];
    const std::string name = "field '" + field.name + "'";
    if (!IsFieldName(field.name)) {
      return InvalidArgument(name + ": expected a name of lower-case letters, digits and '_'");
    }
    if (IndexOf(field.name) != static_cast<int>(i)) {
      return InvalidArgument(name + " stands twice in the schema");
    }
    if (field.most < 0) {
      return InvalidArgument(name + " has at most " + std::to_string(field.most) +
                             " values, expected 0 or more");
    }
    if (BelongsToBoxes(field.kind) != !field.of.empty()) {
      return InvalidArgument(name + " of kind " + std::string(FieldKindName(field.kind)) +
                             (field.of.empty() ? " does not say which boxes it belongs to"
                                               : " cannot belong to '" + field.of + "'"));
    }
    if (field.of.empty()) continue;
    const int boxes = IndexOf(field.of);
    if (boxes < 0 || boxes >= static_cast<int>(i) ||
        fields[static_cast<size_t>(boxes)].kind != FieldKind::kBoxes) {
      return InvalidArgument(name + " belongs to '" + field.of +
                             "', which is no field of boxes before it");
    }
  }
  return OkStatus();
}

const std::vector<std::string>& Schema::classes() const {
  static const std::vector<std::string> none;
  for (const FieldSpec& field : fields) {
    if (!field.classes.empty()) return field.classes;
  }
  return none;
}

std::string Schema::ToString() const {
  std::string text;
  for (const FieldSpec& field : fields) {
    text += (text.empty() ? "" : ", ") + field.name + " " + std::string(FieldKindName(field.kind));
    if (!field.of.empty()) text += " of " + field.of;
    if (!field.classes.empty()) text += " (" + std::to_string(field.classes.size()) + " classes)";
  }
  return text.empty() ? "no fields" : text;
}

Schema ImageAndLabel(std::vector<std::string> classes) {
  return {{{.name = "image", .kind = FieldKind::kImage},
           {.name = "label", .kind = FieldKind::kLabel, .classes = std::move(classes)}}};
}

}  // namespace lockstep
