// SPDX-License-Identifier: Apache-2.0
// ReadTable: the rows of a table become samples. A pure function of the text and of the paths that
// there are; the text is not held. Internal to the importer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/importers/boxes.h"
#include "storage/source/byte_input.h"
#include "storage/source/source_files.h"

namespace lockstep::storage {

struct TableOptions {
  std::string path_column = "path";
  std::vector<std::string> numbers;  // columns of numbers
  std::vector<std::string> classes;  // the names of the classes; empty: those of the table
  double val_share = 0;
  char separator = ',';
};

enum class TableKind { kLabel, kLabels, kNumbers, kBoxes };

struct TableSample {
  std::string split, path;
  size_t file = 0;              // as `find` gave it
  int64_t row = 0;              // the first that names it
  std::vector<int32_t> labels;  // one for kLabel; any number for kLabels
  std::vector<float> numbers;
  BoxList boxes;
};

struct TableSamples {
  TableKind kind = TableKind::kLabel;
  std::vector<std::string> classes;
  std::vector<TableSample> samples;    // in bytewise order of their paths
  std::vector<RejectedFile> rejected;  // with the number of the row
  std::vector<bool> named;             // of each file: whether a row names it
};

// `find` gives the index of a file by the path in the table; nothing where there is none.
Result<TableSamples> ReadTable(
    ByteInput* text, const std::string& name, const TableOptions& options,
    const std::vector<SourceFile>& files,
    const std::function<std::optional<size_t>(std::string_view path)>& find);

}  // namespace lockstep::storage
