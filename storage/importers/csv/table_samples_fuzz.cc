// SPDX-License-Identifier: Apache-2.0
// Fuzz target (libFuzzer): any bytes as a table, of each kind.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/check.h"
#include "storage/importers/csv/table_samples.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lockstep::storage;  // NOLINT: the target alone
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<SourceFile> files = {{"a.jpg", 1}, {"b.jpg", 1}};
  const auto find = [&](std::string_view path) -> std::optional<size_t> {
    for (size_t i = 0; i < files.size(); ++i) {
      if (files[i].path == path) return i;
    }
    return std::nullopt;
  };
  TableOptions numbers;
  numbers.numbers = {"n"};
  TableOptions listed;
  listed.classes = {"x", "y"};
  listed.val_share = 0.5;
  for (const TableOptions& options : {TableOptions(), numbers, listed}) {
    MemoryInput input(text);
    const auto table = ReadTable(&input, "table.csv", options, files, find);
    if (!table.ok()) continue;
    CHECK_LE(table->samples.size(), files.size());
    const auto classes = static_cast<int32_t>(table->classes.size());
    for (const TableSample& sample : table->samples) {
      CHECK_LE(sample.file, size_t{1});
      for (const int32_t label : sample.labels) CHECK(label >= 0 && label < classes) << label;
      for (const int32_t label : sample.boxes.labels) CHECK(label >= 0 && label < classes) << label;
      CHECK_EQ(sample.boxes.corners.size(), 4 * sample.boxes.size());
    }
  }
  return 0;
}
