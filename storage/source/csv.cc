// SPDX-License-Identifier: Apache-2.0
#include "storage/source/csv.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "base/utf8.h"
#include "storage/source/source_path.h"

namespace lockstep::storage {

CsvReader::CsvReader(std::string_view text, std::string name, const CsvOptions& options)
    : text_(text), name_(std::move(name)), options_(options) {
  if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
}

std::string CsvReader::Where() const { return Quoted(name_) + ", row " + std::to_string(row_); }

Status CsvReader::Refuse(const std::string& what) const {
  return DataLoss(Where() + ", column " + std::to_string(column_) + ": " + what);
}

Result<bool> CsvReader::Next(std::vector<std::string>* fields) {
  fields->clear();
  if (at_ == text_.size()) return false;
  ++row_;
  for (column_ = 1;; ++column_) {
    if (fields->size() == options_.most_fields) {
      return Refuse("more than " + std::to_string(options_.most_fields) + " fields in one row");
    }
    RETURN_IF_ERROR(ReadField(&fields->emplace_back()));
    if (at_ == text_.size()) return true;
    const char next = text_[at_++];
    if (next == '\n') return true;
    if (next == '\r') {
      ++at_;  // ReadField has seen the LF
      return true;
    }
  }
}

// Reads a field; then comes a separator, LF, CRLF or the end.
Status CsvReader::ReadField(std::string* field) {
  if (at_ < text_.size() && text_[at_] == '"') {
    RETURN_IF_ERROR(ReadQuoted(field));
  } else {
    const char stops[] = {options_.separator, '\n', '\r', '"'};
    const size_t end =
        std::min(text_.find_first_of(std::string_view(stops, sizeof stops), at_), text_.size());
    RETURN_IF_ERROR(Append(text_.substr(at_, end - at_), field));
    at_ = end;
    if (at_ < text_.size() && text_[at_] == '"') {
      return Refuse(
          "a double quote in a field that does not begin with one; put the field in "
          "quotes, and write each quote in it twice");
    }
  }
  if (!IsUtf8(*field)) {
    return Refuse("the field is not UTF-8 (" + PrintableName(field->substr(0, 40)) +
                  "); save the file as UTF-8");
  }
  if (field->find('\0') != std::string::npos) return Refuse("the field has a zero byte");
  if (at_ < text_.size() && text_[at_] == '\r' && text_.substr(at_, 2) != "\r\n") {
    return Refuse("a carriage return that no line feed follows; end rows with LF or CRLF");
  }
  return {};
}

Status CsvReader::ReadQuoted(std::string* field) {
  ++at_;
  for (;;) {
    const size_t quote = text_.find('"', at_);
    if (quote == std::string_view::npos) return Refuse("the quoted field does not end");
    RETURN_IF_ERROR(Append(text_.substr(at_, quote - at_), field));
    at_ = quote + 1;
    if (at_ == text_.size()) return {};
    const char next = text_[at_];
    if (next == options_.separator || next == '\n' || next == '\r') return {};
    if (next != '"') return Refuse("something follows a quoted field; expected a separator");
    RETURN_IF_ERROR(Append("\"", field));
    ++at_;
  }
}

Status CsvReader::Append(std::string_view bytes, std::string* field) const {
  if (bytes.size() > options_.most_field_bytes - field->size()) {
    return Refuse("the field has more than " + std::to_string(options_.most_field_bytes) +
                  " bytes; is a quote not closed?");
  }
  *field += bytes;
  return {};
}

}  // namespace lockstep::storage
