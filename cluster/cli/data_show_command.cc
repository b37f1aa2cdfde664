// SPDX-License-Identifier: Apache-2.0
// `lockstep data show`.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "cluster/cli/data_commands.h"
#include "storage/dataset/dataset.h"

namespace lockstep::cluster {
namespace {

using storage::Dataset;
using storage::DatasetInfo;
using storage::FieldView;
using storage::Record;
using storage::SplitInfo;

struct DataShowOptions {
  std::string dataset;
  int64_t id = 0;
};

// Rows of characters, dark to light; one character a pixel, the mean of its channels.
std::string Drawing(const FieldView& image) {
  static constexpr char kShades[] = " .:-=+*#%@";
  constexpr uint32_t kMaxWidth = 100;
  const auto [height, width, channels, unused] = image.dims;
  if (image.encoding != storage::Encoding::kRaw || width > kMaxWidth || height > kMaxWidth) {
    return "";
  }
  std::string text;
  size_t at = 0;
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      uint32_t sum = 0;
      for (uint32_t c = 0; c < channels; ++c) sum += static_cast<uint8_t>(image.bytes[at++]);
      text += kShades[sum * 9 / (255 * std::max(channels, uint32_t{1}))];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
  }
  return text;
}

std::string ValueText(const FieldSpec& field, const FieldView& value) {
  if (field.kind != FieldKind::kLabel || value.absent()) return value.ToString();
  const int32_t label = storage::LabelOf(value);
  std::string text = std::to_string(label);
  const auto index = static_cast<size_t>(label);
  if (label >= 0 && index < field.classes.size()) text += " (" + field.classes[index] + ")";
  return text;
}

// The record's fields, and a small raw image drawn with characters.
Status RunDataShow(const DataShowOptions& options, Console* console) {
  ASSIGN_OR_RETURN(const auto dataset, Dataset::Open(options.dataset));
  const DatasetInfo& info = dataset->info();
  const SampleId id(static_cast<uint64_t>(options.id));
  ASSIGN_OR_RETURN(const Record record, dataset->Read(id));
  const SplitInfo* split = info.SplitOf(id);
  console->out << "sample    " << id << (split == nullptr ? "" : " of split " + split->name) << "\n"
               << "source    " << record.source_path() << "\n";
  for (size_t f = 0; f < record.fields(); ++f) {
    std::string name = info.schema.fields[f].name;
    name.resize(std::max<size_t>(name.size(), 9), ' ');
    console->out << name << " " << ValueText(info.schema.fields[f], record.field(f)) << "\n";
  }
  const int image = info.schema.FirstOf(FieldKind::kImage);
  if (image >= 0) console->out << Drawing(record.field(static_cast<size_t>(image)));
  return OkStatus();
}

}  // namespace

Command DataShowCommand() {
  const auto o = std::make_shared<DataShowOptions>();
  return {
      .name = "show",
      .description = R"(Print one sample: source, label and a drawing.

Examples:
  lockstep data show data/fashion-mnist.ldb 42
)",
      .options = {{"DB", &o->dataset, "Directory of the dataset", {.required = true}},
                  {"ID", &o->id, "Sample id, from 0", {.required = true, .range = IntegerRange{}}}},
      .run = [o](Console* console) { return RunDataShow(*o, console); }};
}

}  // namespace lockstep::cluster
