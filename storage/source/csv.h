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
#include "storage/source/byte_input.h"

namespace lockstep::storage {

struct CsvOptions {
  char separator = ',';                  // ';' and '\t' are common too
  size_t most_field_bytes = 1 << 20;     // a longer field is refused
  size_t most_fields = size_t{1} << 16;  // of one row
  size_t most_row_bytes = 16 << 20;      // of all fields of a row together
};

class CsvReader {
 public:
  // `text` outlives it, and is read piece by piece: no more than a piece and a row are held. `name`
  // is what messages call the file.
  CsvReader(ByteInput* text, std::string name, const CsvOptions& options = {});

  // Reads the next row into `fields`, whatever their number; false at the end. Fails with data-loss
  // where the text is not by the rules, and as the text does; then there is no going on.
  Result<bool> Next(std::vector<std::string>* fields);

  // "'x.csv', row 3": the row that was read last, counted from 1 with the head.
  std::string Where() const;
  int64_t row() const { return row_; }

 private:
  Status SkipMark();
  Status ReadField(std::string* field);
  Status ReadPlain(std::string* field);
  Status ReadQuoted(std::string* field);
  Status AppendUntil(std::string_view stops, std::string* field);
  Status Append(std::string_view bytes, std::string* field);
  Result<bool> Has(size_t ahead = 0);
  Status Refuse(const std::string& what) const;

  ByteInput* text_;
  std::string name_;
  CsvOptions options_;
  std::string buffer_;    // what has come of the text
  size_t at_ = 0;         // in the buffer: what is read next
  bool ended_ = false;    // no more comes
  size_t row_bytes_ = 0;  // of the fields of the row
  int64_t row_ = 0;
  int64_t column_ = 0;  // the field that is read, counted from 1
};

}  // namespace lockstep::storage
