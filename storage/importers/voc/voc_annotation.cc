// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/voc/voc_annotation.h"

#include <limits>
#include <optional>
#include <utility>

#include "base/format.h"
#include "storage/importers/parse_number.h"
#include "storage/source/source_path.h"
#include "storage/source/xml.h"

namespace lockstep::storage {
namespace {

std::string Line(const XmlElement& element) {
  return "line " + std::to_string(element.line) + ": ";
}

Result<float> NumberOf(const XmlElement& box, std::string_view name) {
  const XmlElement* child = box.Child(name);
  if (child == nullptr) return DataLoss(Line(box) + "the box has no <" + std::string(name) + ">");
  const std::optional<float> number = ParseFloat(child->text);
  if (number) return *number;
  return DataLoss(Line(*child) + "<" + std::string(name) + "> is " +
                  Quoted(PrintableName(child->text)) + "; expected a number");
}

// A side of the image, where the annotation says it.
int64_t SideOf(const XmlElement& root, std::string_view name) {
  const XmlElement* size = root.Child("size");
  const XmlElement* side = size == nullptr ? nullptr : size->Child(name);
  if (side == nullptr) return 0;
  return ParseCount(side->text, std::numeric_limits<int32_t>::max()).value_or(0);
}

Status TakeObject(const XmlElement& object, VocAnnotation* annotation) {
  const XmlElement* name = object.Child("name");
  if (name == nullptr || name->text.empty()) {
    return DataLoss(Line(object) + "the object has no <name>");
  }
  const XmlElement* box = object.Child("bndbox");
  if (box == nullptr) return DataLoss(Line(object) + "the object has no <bndbox>");
  VocObject taken;
  taken.name = name->text;
  ASSIGN_OR_RETURN(const float xmin, NumberOf(*box, "xmin"));
  ASSIGN_OR_RETURN(const float ymin, NumberOf(*box, "ymin"));
  ASSIGN_OR_RETURN(taken.x2, NumberOf(*box, "xmax"));
  ASSIGN_OR_RETURN(taken.y2, NumberOf(*box, "ymax"));
  taken.x1 = xmin - 1;
  taken.y1 = ymin - 1;
  const XmlElement* difficult = object.Child("difficult");
  taken.difficult = difficult != nullptr && difficult->text == "1";
  if (xmin > taken.x2 || ymin > taken.y2 || taken.x1 >= taken.x2 || taken.y1 >= taken.y2) {
    ++annotation->empty;
  } else {
    annotation->objects.push_back(std::move(taken));
  }
  return OkStatus();
}

}  // namespace

Result<VocAnnotation> ParseVoc(std::string_view text) {
  ASSIGN_OR_RETURN(const XmlElement root, ParseXml(text, "the annotation"));
  if (root.name != "annotation") {
    return DataLoss("it begins with <" + root.name + ">; expected <annotation>");
  }
  VocAnnotation annotation;
  annotation.height = SideOf(root, "height");
  annotation.width = SideOf(root, "width");
  for (const XmlElement& child : root.children) {
    if (child.name == "object") RETURN_IF_ERROR(TakeObject(child, &annotation));
  }
  return annotation;
}

}  // namespace lockstep::storage
