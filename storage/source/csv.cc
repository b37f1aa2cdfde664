// SPDX-License-Identifier: Apache-2.0
#include "storage/source/csv.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "base/utf8.h"
#include "storage/source/source_path.h"

namespace lockstep::storage {

CsvReader::CsvReader(ByteInput* text, std::string name, const CsvOptions& options)
    : text_(text), name_(std::move(name)), options_(options) {}

std::string CsvReader::Where() const { return Quoted(name_) + ", row " + std::to_string(row_); }

Status CsvReader::Refuse(const std::string& what) const {
  return DataLoss(Where() + ", column " + std::to_string(column_) + ": " + what);
}

// Whether there is a byte so far ahead of the next one; then it is in the buffer.
Result<bool> CsvReader::Has(size_t ahead) {
  while (buffer_.size() - at_ <= ahead && !ended_) {
    ASSIGN_OR_RETURN(const std::string_view piece, text_->Next());
    buffer_.erase(0, at_);
    at_ = 0;
    buffer_ += piece;
    ended_ = piece.empty();
  }
  return buffer_.size() - at_ > ahead;
}

Status CsvReader::SkipMark() {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  ASSIGN_OR_RETURN(const bool may_be, Has(kMark.size() - 1));
  if (may_be && std::string_view(buffer_).substr(at_).starts_with(kMark)) at_ += kMark.size();
  return {};
}

Result<bool> CsvReader::Next(std::vector<std::string>* fields) {
  fields->clear();
  row_bytes_ = 0;
  if (row_ == 0) RETURN_IF_ERROR(SkipMark());
  ASSIGN_OR_RETURN(const bool any, Has());
  if (!any) return false;
  ++row_;
  for (column_ = 1;; ++column_) {
    if (fields->size() == options_.most_fields) {
      return Refuse("more than " + std::to_string(options_.most_fields) + " fields in one row");
    }
    RETURN_IF_ERROR(ReadField(&fields->emplace_back()));
    ASSIGN_OR_RETURN(const bool more, Has());
    if (!more) return true;
    const char next = buffer_[at_++];
    if (next == '\n') return true;
    if (next == '\r') {
      ++at_;  // ReadField has seen the LF
      return true;
    }
  }
}

// Reads a field; then comes a separator, LF, CRLF or the end.
Status CsvReader::ReadField(std::string* field) {
  ASSIGN_OR_RETURN(const bool any, Has());
  RETURN_IF_ERROR(any && buffer_[at_] == '"' ? ReadQuoted(field) : ReadPlain(field));
  if (!IsUtf8(*field)) {
    return Refuse("the field is not UTF-8 (" + PrintableName(field->substr(0, 40)) +
                  "); save the file as UTF-8");
  }
  if (field->find('\0') != std::string::npos) return Refuse("the field has a zero byte");
  ASSIGN_OR_RETURN(const bool more, Has());
  if (!more || buffer_[at_] != '\r') return {};
  ASSIGN_OR_RETURN(const bool two, Has(1));
  if (!two || buffer_[at_ + 1] != '\n') {
    return Refuse("a carriage return that no line feed follows; end rows with LF or CRLF");
  }
  return {};
}

Status CsvReader::ReadPlain(std::string* field) {
  const char stops[] = {options_.separator, '\n', '\r', '"'};
  RETURN_IF_ERROR(AppendUntil(std::string_view(stops, sizeof stops), field));
  ASSIGN_OR_RETURN(const bool more, Has());
  if (more && buffer_[at_] == '"') {
    return Refuse(
        "a double quote in a field that does not begin with one; put the field in "
        "quotes, and write each quote in it twice");
  }
  return {};
}

Status CsvReader::ReadQuoted(std::string* field) {
  ++at_;
  for (;;) {
    RETURN_IF_ERROR(AppendUntil("\"", field));
    ASSIGN_OR_RETURN(const bool closed, Has());
    if (!closed) return Refuse("the quoted field does not end");
    ++at_;
    ASSIGN_OR_RETURN(const bool more, Has());
    if (!more) return {};
    const char next = buffer_[at_];
    if (next == options_.separator || next == '\n' || next == '\r') return {};
    if (next != '"') return Refuse("something follows a quoted field; expected a separator");
    RETURN_IF_ERROR(Append("\"", field));
    ++at_;
  }
}

// Moves what comes before one of `stops`, or before the end, to the field.
Status CsvReader::AppendUntil(std::string_view stops, std::string* field) {
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, Has());
    if (!more) return {};
    const size_t end = buffer_.find_first_of(stops, at_);
    const size_t stop = std::min(end, buffer_.size());
    RETURN_IF_ERROR(Append(std::string_view(buffer_).substr(at_, stop - at_), field));
    at_ = stop;
    if (end != std::string::npos) return {};
  }
}

Status CsvReader::Append(std::string_view bytes, std::string* field) {
  if (bytes.size() > options_.most_field_bytes - field->size()) {
    return Refuse("the field has more than " + std::to_string(options_.most_field_bytes) +
                  " bytes; is a quote not closed?");
  }
  if (bytes.size() > options_.most_row_bytes - row_bytes_) {
    return Refuse("the row has more than " + std::to_string(options_.most_row_bytes) + " bytes");
  }
  row_bytes_ += bytes.size();
  *field += bytes;
  return {};
}

}  // namespace lockstep::storage
