// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/csv/table_samples.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/format.h"
#include "storage/dataset/writer.h"
#include "storage/importers/class_names.h"
#include "storage/importers/parse_number.h"
#include "storage/importers/photo_files.h"
#include "storage/source/csv.h"
#include "storage/source/source_path.h"

namespace lockstep::storage {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);
constexpr const char* kBoxColumns[] = {"x1", "y1", "x2", "y2", "class"};

// The names of classes in the order in which they came.
class Interned {
 public:
  int32_t Add(std::string_view name) {
    const auto [at, is_new] = ids_.emplace(name, static_cast<int32_t>(names_.size()));
    if (is_new) names_.emplace_back(name);
    return at->second;
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::unordered_map<std::string, int32_t> ids_;
  std::vector<std::string> names_;
};

class TableReader {
 public:
  TableReader(ByteInput* text, const std::string& name, const TableOptions& options, size_t files)
      : csv_(text, name, CsvOptions{.separator = options.separator}),
        name_(name),
        options_(options),
        entry_of_(files, kNone) {
    out_.named.resize(files);
  }

  Result<TableSamples> Read(const std::vector<SourceFile>& files,
                            const std::function<std::optional<size_t>(std::string_view)>& find) {
    RETURN_IF_ERROR(ReadHead());
    std::vector<std::string> row;
    for (;;) {
      ASSIGN_OR_RETURN(const bool more, csv_.Next(&row));
      if (!more) break;
      if (row.size() == 1 && WithoutSpaces(row[0]).empty()) continue;  // a line without anything
      TakeRow(row, files, find);
    }
    RETURN_IF_ERROR(NameClasses());
    Gather();
    ShareOut();
    return std::move(out_);
  }

 private:
  struct Entry {
    TableSample sample;
    std::string refusal;  // why the image is left out; empty where it is not
  };

  size_t Column(std::string_view name) const {
    const auto at = std::find(head_.begin(), head_.end(), name);
    return at == head_.end() ? kNone : static_cast<size_t>(at - head_.begin());
  }
  bool Has(std::string_view name) const { return Column(name) != kNone; }

  std::string HeadText() const {
    std::string text;
    for (const std::string& column : head_) text += (text.empty() ? "" : ", ") + Quoted(column);
    return Quoted(name_) + " has the columns " + text;
  }

  Status ReadHead() {
    ASSIGN_OR_RETURN(const bool more, csv_.Next(&head_));
    if (!more) return DataLoss(Quoted(name_) + " is empty; expected a head with a column 'path'");
    for (std::string& column : head_) column = std::string(WithoutSpaces(column));
    for (size_t i = 0; i < head_.size(); ++i) {
      if (Column(head_[i]) != i) {
        return DataLoss(Quoted(name_) + " has the column " + Quoted(head_[i]) + " twice");
      }
    }
    path_ = Column(options_.path_column);
    if (path_ == kNone) {
      return InvalidArgument(HeadText() + "; expected " + Quoted(options_.path_column) +
                             ". The option `path_column` names the column of the paths");
    }
    split_ = Column("split");
    if (split_ != kNone && options_.val_share > 0) {
      return InvalidArgument("a share for `val` is asked for, but " + Quoted(name_) +
                             " has a column 'split'; leave the share out");
    }
    return ChooseKind();
  }

  Status ChooseKind() {
    if (!options_.numbers.empty()) {
      for (const std::string& column : options_.numbers) {
        if (!Has(column)) return InvalidArgument(HeadText() + "; expected " + Quoted(column));
        columns_.push_back(Column(column));
      }
      out_.kind = TableKind::kNumbers;
      return OkStatus();
    }
    const bool boxes = std::all_of(std::begin(kBoxColumns), std::end(kBoxColumns),
                                   [&](const char* column) { return Has(column); });
    if (Has("label") + Has("labels") + boxes != 1) {
      return InvalidArgument(HeadText() +
                             "; expected one of 'label', 'labels', or 'x1', 'y1', "
                             "'x2', 'y2' and 'class' together, or the option "
                             "`numbers` with the names of columns");
    }
    if (boxes) {
      out_.kind = TableKind::kBoxes;
      for (const char* column : kBoxColumns) columns_.push_back(Column(column));
    } else {
      out_.kind = Has("label") ? TableKind::kLabel : TableKind::kLabels;
      columns_.push_back(Column(Has("label") ? "label" : "labels"));
    }
    return OkStatus();
  }

  std::string Row() const { return "row " + std::to_string(csv_.row()) + ": "; }
  void Reject(std::string path, const std::string& reason) {
    out_.rejected.push_back({std::move(path), Row() + reason});
  }

  void TakeRow(const std::vector<std::string>& row, const std::vector<SourceFile>& files,
               const std::function<std::optional<size_t>(std::string_view)>& find) {
    if (row.size() != head_.size()) {
      return Reject(name_, "it has " + std::to_string(row.size()) + " fields and the head " +
                               std::to_string(head_.size()));
    }
    const std::string_view path = WithoutSpaces(row[path_]);
    if (path.empty()) return Reject(name_, "it names no image");
    const std::optional<size_t> file = find(path);
    if (!file) return Reject(PrintableName(path), "the source has no such file");
    out_.named[*file] = true;
    const bool again = entry_of_[*file] != kNone;
    if (again && out_.kind != TableKind::kBoxes) {
      return Reject(files[*file].path, "row " +
                                           std::to_string(entries_[entry_of_[*file]].sample.row) +
                                           " names the same image, and is taken");
    }
    if (!again) {
      entry_of_[*file] = entries_.size();
      entries_.emplace_back();
      entries_.back().sample.path = files[*file].path;
      entries_.back().sample.file = *file;
      entries_.back().sample.row = csv_.row();
    }
    Entry& entry = entries_[entry_of_[*file]];
    std::string refusal = TakeSplit(row, again, &entry.sample);
    if (refusal.empty()) refusal = TakeValues(row, &entry.sample);
    if (!refusal.empty() && entry.refusal.empty()) entry.refusal = Row() + refusal;
  }

  std::string TakeSplit(const std::vector<std::string>& row, bool again, TableSample* sample) {
    const std::string split(split_ == kNone ? "train" : WithoutSpaces(row[split_]));
    if (!IsSplitName(split)) {
      return "the split " + Quoted(PrintableName(split)) +
             " is no name of one; expected letters, digits, '-', '_', '.'";
    }
    if (again && sample->split != split) {
      return "row " + std::to_string(sample->row) + " says another split of the same image";
    }
    sample->split = split;
    return "";
  }

  // What is wrong with the row; empty where it is taken.
  std::string TakeValues(const std::vector<std::string>& row, TableSample* sample) {
    switch (out_.kind) {
      case TableKind::kLabel: {
        const std::string_view label = WithoutSpaces(row[columns_[0]]);
        if (label.empty()) return "the label is missing";
        sample->labels.push_back(names_.Add(label));
        return "";
      }
      case TableKind::kLabels:
        TakeLabels(row[columns_[0]], sample);
        return "";
      case TableKind::kNumbers:
        return TakeNumbers(row, options_.numbers.size(), &sample->numbers);
      case TableKind::kBoxes:
        break;
    }
    return TakeBox(row, sample);
  }

  void TakeLabels(std::string_view text, TableSample* sample) {
    while (!text.empty()) {
      const size_t end = std::min(text.find_first_of(";|"), text.size());
      const std::string_view label = WithoutSpaces(text.substr(0, end));
      if (!label.empty()) sample->labels.push_back(names_.Add(label));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  // The first `count` of the columns.
  std::string TakeNumbers(const std::vector<std::string>& row, size_t count,
                          std::vector<float>* out) {
    for (size_t i = 0; i < count; ++i) {
      const std::string& text = row[columns_[i]];
      const std::optional<float> number = ParseFloat(text);
      if (!number) {
        return Quoted(head_[columns_[i]]) + " is " + Quoted(PrintableName(text)) +
               "; expected a number";
      }
      out->push_back(*number);
    }
    return "";
  }

  std::string TakeBox(const std::vector<std::string>& row, TableSample* sample) {
    if (std::all_of(columns_.begin(), columns_.end(),
                    [&](size_t column) { return WithoutSpaces(row[column]).empty(); })) {
      return "";  // an image without boxes
    }
    std::vector<float> corners;
    std::string refusal = TakeNumbers(row, 4, &corners);
    if (!refusal.empty()) return refusal;
    if (corners[0] >= corners[2] || corners[1] >= corners[3]) {
      return "the box is empty or turned round; expected x1 < x2 and y1 < y2";
    }
    const std::string_view name = WithoutSpaces(row[columns_[4]]);
    if (name.empty()) return "the class is missing";
    sample->boxes.Add(corners[0], corners[1], corners[2], corners[3], names_.Add(name));
    return "";
  }

  // Gives the names that came their final numbers.
  Status NameClasses() {
    if (out_.kind == TableKind::kNumbers) return OkStatus();
    std::vector<int64_t> numbers;
    for (const std::string& name : names_.names()) {
      const auto number = ParseCount(name, int64_t{kMostClasses} - 1);
      if (number) numbers.push_back(*number);
    }
    const bool are_numbers = !numbers.empty() && numbers.size() == names_.names().size();
    out_.classes = options_.classes;
    if (out_.classes.empty() && are_numbers) {
      const int64_t largest = *std::max_element(numbers.begin(), numbers.end());
      for (int64_t c = 0; c <= largest; ++c) out_.classes.push_back(std::to_string(c));
    } else if (out_.classes.empty()) {
      if (names_.names().size() > kMostClasses) {
        return InvalidArgument(Quoted(name_) + " has more than 1,048,576 classes");
      }
      out_.classes = names_.names();
      std::sort(out_.classes.begin(), out_.classes.end());
    }
    const ClassIndex index(out_.classes);
    bool any_named = false;
    for (const std::string& name : names_.names()) {
      final_.push_back(index.Find(name));
      any_named = any_named || final_.back() >= 0;
    }
    for (size_t i = 0; are_numbers && i < numbers.size(); ++i) {
      const bool has = numbers[i] < static_cast<int64_t>(out_.classes.size());
      if (!any_named || options_.classes.empty()) {
        final_[i] = has ? static_cast<int32_t>(numbers[i]) : -1;
      }
    }
    return OkStatus();
  }

  // Puts the final numbers in; what is unknown, if anything.
  std::string Rename(std::vector<int32_t>* labels) const {
    for (int32_t& label : *labels) {
      const auto came = static_cast<size_t>(label);
      label = final_[came];
      if (label < 0) return "the class " + Quoted(names_.names()[came]) + " is not in the list";
    }
    return "";
  }

  void Gather() {
    for (Entry& entry : entries_) {
      TableSample& sample = entry.sample;
      if (entry.refusal.empty()) {
        std::string unknown = Rename(&sample.labels);
        if (unknown.empty()) unknown = Rename(&sample.boxes.labels);
        if (!unknown.empty()) {
          entry.refusal = "row " + std::to_string(sample.row) + ": " + unknown;
        }
      }
      if (entry.refusal.empty()) {
        out_.samples.push_back(std::move(sample));
      } else {
        out_.rejected.push_back({sample.path, std::move(entry.refusal)});
      }
    }
    std::sort(out_.samples.begin(), out_.samples.end(),
              [](const TableSample& a, const TableSample& b) { return a.path < b.path; });
  }

  void ShareOut() {
    if (options_.val_share <= 0) return;
    std::map<int32_t, int64_t> seen;  // images of each label; of all, where there is not one each
    for (TableSample& sample : out_.samples) {
      int64_t& i = seen[out_.kind == TableKind::kLabel ? sample.labels[0] : 0];
      if (GoesToVal(i, options_.val_share)) sample.split = "val";
      ++i;
    }
  }

  CsvReader csv_;
  std::string name_;
  const TableOptions& options_;
  std::vector<std::string> head_;
  size_t path_ = kNone, split_ = kNone;
  std::vector<size_t> columns_;   // of the values
  std::vector<size_t> entry_of_;  // of each file
  std::vector<Entry> entries_;
  Interned names_;
  std::vector<int32_t> final_;  // of each of `names_`: its place in the classes
  TableSamples out_;
};

}  // namespace

Result<TableSamples> ReadTable(
    ByteInput* text, const std::string& name, const TableOptions& options,
    const std::vector<SourceFile>& files,
    const std::function<std::optional<size_t>(std::string_view path)>& find) {
  return TableReader(text, name, options, files.size()).Read(files, find);
}

}  // namespace lockstep::storage
