// SPDX-License-Identifier: Apache-2.0
// CsvReader: comma-separated values as RFC 4180 says it, row by row. Strict: what is not by the
// rules is refused with its row and column, never guessed at.
//
// Fields are parted by commas, rows by LF or CRLF; the last row may end without. A field may stand
// in double quotes, and then holds anything, a double quote as two of them. The text is UTF-8; the
// mark (BOM) that some programs write in front is passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lockstep::storage {

struct CsvOptions {
  char separator = ',';                  // ';' and '\t' are common too
  size_t most_field_bytes = 1 << 20;     // a longer field is refused
  size_t most_fields = size_t{1} << 16;  // of one row
};

class CsvReader {
 public:
  // `text` outlives it. `name` is what messages call the file.
  CsvReader(std::string_view text, std::string name, const CsvOptions& options = {});

  // Reads the next row into `fields`, whatever their number; false at the end. Fails with data-loss
  // where the text is not by the rules; then there is no going on.
  Result<bool> Next(std::vector<std::string>* fields);

  // "'x.csv', row 3": the row that was read last, counted from 1 with the head.
  std::string Where() const;
  int64_t row() const { return row_; }

 private:
  Status ReadField(std::string* field);
  Status ReadQuoted(std::string* field);
  Status Append(std::string_view bytes, std::string* field) const;
  Status Refuse(const std::string& what) const;

  std::string_view text_;
  std::string name_;
  CsvOptions options_;
  size_t at_ = 0;
  int64_t row_ = 0;
  int64_t column_ = 0;  // the field that is read, counted from 1
};

}  // namespace lockstep::storage
