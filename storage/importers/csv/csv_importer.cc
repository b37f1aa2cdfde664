// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/csv/csv_importer.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/format.h"
#include "storage/env/files.h"
#include "storage/image/image_header.h"
#include "storage/importers/boxes.h"
#include "storage/importers/class_names.h"
#include "storage/importers/csv/table_samples.h"
#include "storage/importers/listed_importer.h"
#include "storage/importers/photo_files.h"
#include "storage/source/source_path.h"

namespace lockstep::storage {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);
constexpr int64_t kMostTableBytes = int64_t{1} << 30;

struct CsvImportOptions {
  std::string table, path_column = "path", separator = "comma", classes;
  std::vector<std::string> numbers;
  double val_share = 0.0;

  template <typename V>
  void Visit(V&& v) {
    v("table", table, Says("path of the table in the source; without it the only .csv file there"));
    v("path_column", path_column, Says("name of the column with the paths of the images"));
    v("separator", separator,
      Says("what parts the fields of the table").OneOf({"comma", "semicolon", "tab"}));
    v("numbers", numbers, Says("names of columns with numbers to be learned"));
    v("classes", classes, Says(kClassesDoc));
    v("val_share", val_share, Says(kValShareDoc).Within(kBelowOne));
  }

  char Separator() const { return separator == "tab" ? '\t' : separator == "comma" ? ',' : ';'; }
};

std::ptrdiff_t DepthOf(const std::string& path) {
  return std::count(path.begin(), path.end(), '/');
}

class CsvImporter : public ListedImporter {
 public:
  Status Open(const ImportSource& source) {
    ASSIGN_OR_RETURN(const auto options, Unpack<CsvImportOptions>(source.options));
    TableOptions of_table = {.path_column = options.path_column,
                             .numbers = options.numbers,
                             .classes = {},
                             .val_share = options.val_share,
                             .separator = options.Separator()};
    if (!options.classes.empty()) {
      ASSIGN_OR_RETURN(of_table.classes, ReadClassNames(options.classes));
    }
    ASSIGN_OR_RETURN(files_, OpenFiles(source));
    rejected_ = files_->rejected();
    ASSIGN_OR_RETURN(const size_t table, FindTable(options.table));
    if (files_->files()[table].bytes > kMostTableBytes) {
      return InvalidArgument(
          "the table " + Quoted(files_->files()[table].path) + " has " +
          std::to_string(files_->files()[table].bytes) +
          " bytes; at most 1 GiB is taken, as the values of all rows are held in "
          "memory. "
          "Make several datasets of it, or shards for `webdataset`");
    }
    ASSIGN_OR_RETURN(const std::unique_ptr<ByteInput> text, files_->Stream(table));
    const std::string& name = files_->files()[table].path;
    const std::string folder = name.substr(0, name.rfind('/') + 1);  // npos + 1 is 0
    ASSIGN_OR_RETURN(TableSamples read,
                     ReadTable(text.get(), name, of_table, files_->files(),
                               [&](std::string_view path) { return FindFile(path, folder); }));
    kind_ = read.kind;
    RETURN_IF_ERROR(MakeSchema(std::move(read.classes)));
    rejected_.insert(rejected_.end(), read.rejected.begin(), read.rejected.end());
    for (TableSample& sample : read.samples) {
      bytes_ += files_->files()[sample.file].bytes;
      samples_.Add(std::move(sample));
    }
    samples_.List(&splits_);
    TellUnnamed(read.named, table);
    return OkStatus();
  }

  std::vector<std::string> warnings(const IsAccepted& accepted) const override {
    return findings_.AddedTo(warnings_, [&](size_t place) -> const std::string* {
      const auto [split, index] = samples_.SplitOf(place);
      return accepted(split, index) ? &splits_[split].paths[index] : nullptr;
    });
  }

  Result<std::vector<FieldValue>> Read(size_t split, size_t index) const override {
    const size_t place = samples_.PlaceOf(split, index);
    const TableSample& sample = samples_.At(place);
    ASSIGN_OR_RETURN(std::string bytes, files_->Read(sample.file));
    std::vector<FieldValue> values;
    if (kind_ == TableKind::kBoxes) {
      ASSIGN_OR_RETURN(const ImageHeader header, ReadImageHeader(bytes));
      BoxList boxes = sample.boxes;
      const BoxesAtTheEdge edge = ClipBoxes(header.height, header.width, &boxes);
      findings_.Note(kClipped, place, edge.clipped);
      findings_.Note(kOutside, place, edge.outside);
      values = {PhotoValue(std::move(bytes)), boxes.Corners(), boxes.Labels()};
      return values;
    }
    values.push_back(PhotoValue(std::move(bytes)));
    if (kind_ == TableKind::kLabel) values.push_back(LabelValue(sample.labels[0]));
    if (kind_ == TableKind::kNumbers) {
      values.push_back(FloatValue({static_cast<uint32_t>(sample.numbers.size())}, sample.numbers));
    }
    if (kind_ == TableKind::kLabels) {
      std::string flags(schema_.fields[1].classes.size(), '\0');
      for (const int32_t label : sample.labels) flags[static_cast<size_t>(label)] = 1;
      const auto classes = static_cast<uint32_t>(flags.size());  // before the move
      values.push_back(ByteValue({classes}, std::move(flags)));
    }
    return values;
  }

 private:
  std::optional<size_t> Listed(const std::string& path) const {
    const std::vector<SourceFile>& files = files_->files();
    const auto at = std::lower_bound(
        files.begin(), files.end(), path,
        [](const SourceFile& file, const std::string& wanted) { return file.path < wanted; });
    if (at == files.end() || at->path != path) return std::nullopt;
    return static_cast<size_t>(at - files.begin());
  }

  // A path is one of the source; where there is none, it starts at the folder of the table.
  std::optional<size_t> FindFile(std::string_view path, const std::string& folder) const {
    const JudgedPath judged = JudgePath(path);
    if (judged.use != JudgedPath::Use::kTaken) return std::nullopt;
    if (const std::optional<size_t> file = Listed(judged.path)) return file;
    return Listed(folder + judged.path);
  }

  Result<size_t> FindTable(const std::string& path) const {
    const std::vector<SourceFile>& files = files_->files();
    if (!path.empty()) {
      if (const std::optional<size_t> table = Listed(path)) return *table;
      return NotFound("the source has no file " + Quoted(path) +
                      ", which the option `table` names");
    }
    size_t found = kNone, as_high = 0;
    for (size_t i = 0; i < files.size(); ++i) {
      if (ExtensionOf(files[i].path) != ".csv") continue;
      const std::ptrdiff_t depth = DepthOf(files[i].path);
      if (found != kNone && depth > DepthOf(files[found].path)) continue;
      as_high = found != kNone && depth == DepthOf(files[found].path) ? as_high + 1 : 1;
      found = i;
    }
    if (found == kNone) {
      return NotFound(
          "the source has no .csv file; put the table beside the images, or name it "
          "with the option `table`");
    }
    if (as_high > 1) {
      return InvalidArgument("the source has " + std::to_string(as_high) + " .csv files beside " +
                             Quoted(files[found].path) + "; name one with the option `table`");
    }
    return found;
  }

  Status MakeSchema(std::vector<std::string> classes) {
    if (kind_ != TableKind::kNumbers && classes.empty()) {
      return DataLoss("the table names no class; expected at least one");
    }
    switch (kind_) {
      case TableKind::kLabel:
        schema_ = ImageAndLabel(std::move(classes));
        return OkStatus();
      case TableKind::kLabels:
        schema_.fields = {
            {.name = "image", .kind = FieldKind::kImage},
            {.name = "labels", .kind = FieldKind::kLabels, .classes = std::move(classes)}};
        return OkStatus();
      case TableKind::kNumbers:
        schema_.fields = {{.name = "image", .kind = FieldKind::kImage},
                          {.name = "numbers", .kind = FieldKind::kNumbers}};
        return OkStatus();
      case TableKind::kBoxes:
        break;
    }
    schema_.fields = {{.name = "image", .kind = FieldKind::kImage},
                      {.name = "boxes", .kind = FieldKind::kBoxes},
                      {.name = "box_labels",
                       .kind = FieldKind::kBoxLabels,
                       .of = "boxes",
                       .classes = std::move(classes)}};
    return OkStatus();
  }

  void TellUnnamed(const std::vector<bool>& named, size_t table) {
    std::vector<std::string> others;
    for (size_t i = 0; i < named.size(); ++i) {
      const std::string& path = files_->files()[i].path;
      if (named[i] || i == table) continue;
      if (HasPhotoName(path)) {
        rejected_.push_back({path, "no row of the table names it"});
      } else {
        others.push_back(path);
      }
    }
    if (!others.empty()) warnings_.push_back(OtherFilesText(others));
  }

  std::unique_ptr<SourceFiles> files_;
  TableKind kind_ = TableKind::kLabel;
  SampleTable<TableSample> samples_;
  mutable Findings findings_;
};

bool LooksLike(const std::string& path) {
  const Result<std::vector<std::string>> names = ListDir(path);
  if (!names.ok()) return false;
  return std::any_of(names->begin(), names->end(),
                     [](const std::string& name) { return ExtensionOf(name) == ".csv"; });
}

}  // namespace

ImporterKind CsvKind() {
  return {.name = "csv",
          .summary =
              "folder or archive with images and a .csv table of `path` and what belongs "
              "to each: label, labels, x1 y1 x2 y2 class, or numbers",
          .options = ListOf<CsvImportOptions>(),
          .detect = LooksLike,
          .open = [](const ImportSource& source) -> Result<std::unique_ptr<Importer>> {
            auto importer = std::make_unique<CsvImporter>();
            RETURN_IF_ERROR(importer->Open(source));
            return std::unique_ptr<Importer>(std::move(importer));
          }};
}

}  // namespace lockstep::storage
