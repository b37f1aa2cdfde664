// SPDX-License-Identifier: Apache-2.0
// Fuzz target (libFuzzer): any bytes as comma-separated values. What is read, written again in
// quotes, must read as the same.
#include "base/check.h"
#include "storage/source/csv.h"

namespace {

using lockstep::storage::CsvReader;
using lockstep::storage::MemoryInput;
using Rows = std::vector<std::vector<std::string>>;

lockstep::Result<Rows> ReadRows(std::string_view text) {
  MemoryInput input(text);
  CsvReader reader(&input, "input");
  Rows rows;
  for (;;) {
    std::vector<std::string> row;
    ASSIGN_OR_RETURN(const bool more, reader.Next(&row));
    if (!more) return rows;
    rows.push_back(row);
  }
}

std::string Written(const Rows& rows) {
  std::string text;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      text += i == 0 ? "\"" : ",\"";
      for (const char c : row[i]) text += c == '"' ? "\"\"" : std::string(1, c);
      text += "\"";
    }
    text += "\r\n";
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto rows = ReadRows({reinterpret_cast<const char*>(data), size});
  if (!rows.ok()) return 0;
  const auto again = ReadRows(Written(*rows));
  CHECK(again.ok()) << again.status().ToString();
  CHECK(*again == *rows);
  return 0;
}
