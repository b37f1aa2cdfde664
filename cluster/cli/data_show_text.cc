// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/data_show_text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/format.h"
#include "storage/augment/augment.h"
#include "storage/image/image_decoder.h"
#include "storage/loader/field_values.h"
#include "storage/loader/seen_sample.h"

namespace lockstep::cluster {
namespace {

using storage::DatasetInfo;
using storage::FieldView;
using storage::Record;
using storage::SplitInfo;

constexpr size_t kMostValues = 20;  // of one field
constexpr int64_t kMostSide = 100;  // of an image that is drawn with characters

// Rows of characters, dark to light; one character a pixel, the mean of its channels.
std::string Drawing(const storage::SeenSample& image) {
  static constexpr char kShades[] = " .:-=+*#%@";
  const int64_t channels = image.size.channels;
  std::string text;
  const uint8_t* at = image.pixels.data();
  for (int64_t y = 0; y < image.size.height; ++y) {
    for (int64_t x = 0; x < image.size.width; ++x) {
      int64_t sum = 0;
      for (int64_t c = 0; c < channels; ++c) sum += *at++;
      text += kShades[sum * 9 / (255 * channels)];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
  }
  return text;
}

std::string ClassText(const std::vector<std::string>& classes, int32_t index) {
  std::string text = std::to_string(index);
  const bool named = index >= 0 && static_cast<size_t>(index) < classes.size();
  return named ? text + " (" + classes[static_cast<size_t>(index)] + ")" : text;
}

// The classes that a sample of several labels has.
std::string LabelsText(const FieldSpec& field, const FieldView& value) {
  std::string text;
  for (size_t i = 0; i < value.bytes.size(); ++i) {
    if (value.bytes[i] == 0) continue;
    text += (text.empty() ? "" : ", ") + ClassText(field.classes, static_cast<int32_t>(i));
  }
  return text.empty() ? "none" : text;
}

std::string NumbersText(const FieldView& value) {
  std::vector<float> numbers(std::min(kMostValues, value.bytes.size() / sizeof(float)));
  if (!numbers.empty()) {
    std::memcpy(numbers.data(), value.bytes.data(), numbers.size() * sizeof(float));
  }
  std::string text;
  for (const float number : numbers) {
    text += (text.empty() ? "" : " ") + Format("%.6g", static_cast<double>(number));
  }
  return value.bytes.size() / sizeof(float) > numbers.size() ? text + " ..." : text;
}

const FieldSpec* LabelsOfBoxes(const Schema& schema, const FieldSpec& boxes) {
  for (const FieldSpec& field : schema.fields) {
    if (field.kind == FieldKind::kBoxLabels && field.of == boxes.name) return &field;
  }
  return nullptr;
}

// How many there are, then a line for each.
std::string BoxesText(const Schema& schema, const Record& record, size_t index) {
  const FieldSpec* const labels = LabelsOfBoxes(schema, schema.fields[index]);
  const storage::BoxesField boxes = storage::ReadBoxes(schema, record, index);
  const auto count = static_cast<size_t>(boxes.count());
  std::string text = std::to_string(count) + " (x1 y1 x2 y2)";
  for (size_t i = 0; i < std::min(count, kMostValues); ++i) {
    text += "\n         ";
    for (size_t k = 0; k < 4; ++k) {
      text += Format(" %.1f", static_cast<double>(boxes.xyxy[4 * i + k]));
    }
    if (labels != nullptr && i < boxes.labels.size()) {
      text += "  " + ClassText(labels->classes, boxes.labels[i]);
    }
    if (i < boxes.flags.size() && (boxes.flags[i] & 1) != 0) text += ", a crowd";
    if (i < boxes.flags.size() && (boxes.flags[i] & 2) != 0) text += ", difficult";
  }
  if (count > kMostValues)
    text += "\n          and " + std::to_string(count - kMostValues) + " more";
  return text;
}

std::string ValueText(const Schema& schema, const Record& record, size_t index) {
  const FieldSpec& field = schema.fields[index];
  const FieldView value = record.field(index);
  if (value.absent()) return value.ToString();
  switch (field.kind) {
    case FieldKind::kLabel:
      return ClassText(field.classes, storage::LabelOf(value));
    case FieldKind::kLabels:
      return LabelsText(field, value);
    case FieldKind::kNumbers:
      return NumbersText(value);
    case FieldKind::kBoxes:
      return BoxesText(schema, record, index);
    default:
      return value.ToString();
  }
}

}  // namespace

Status PrintSample(const storage::Dataset& dataset, SampleId id, std::ostream& out) {
  const DatasetInfo& info = dataset.info();
  ASSIGN_OR_RETURN(const Record record, dataset.Read(id));
  const SplitInfo* split = info.SplitOf(id);
  out << "sample    " << id << (split == nullptr ? "" : " of split " + split->name) << "\n"
      << "source    " << record.source_path() << "\n";
  for (size_t f = 0; f < record.fields(); ++f) {
    std::string name = info.schema.fields[f].name;
    name.resize(std::max<size_t>(name.size(), 9), ' ');
    out << name << " " << ValueText(info.schema, record, f) << "\n";
  }
  const int image = info.schema.FirstOf(FieldKind::kImage);
  if (image < 0) return OkStatus();
  const FieldView value = record.field(static_cast<size_t>(image));
  if (value.absent() || value.dims[0] > kMostSide || value.dims[1] > kMostSide) return OkStatus();
  ASSIGN_OR_RETURN(const auto as_it_is, storage::Augmentation::Parse({}, {}));
  storage::ImageDecoder decoder;
  const auto seen = storage::SeeSample(info.schema, record, as_it_is, {}, &decoder);
  if (!seen.ok()) return seen.status().WithContext("sample " + std::to_string(id.value));
  out << Drawing(*seen);
  return OkStatus();
}

}  // namespace lockstep::cluster
