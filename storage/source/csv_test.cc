// SPDX-License-Identifier: Apache-2.0
#include "storage/source/csv.h"

#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Rows = std::vector<std::vector<std::string>>;
using namespace std::string_view_literals;

// A text that comes in pieces of so many bytes.
class Pieces : public ByteInput {
 public:
  Pieces(std::string_view text, size_t bytes) : rest_(text), bytes_(bytes) {}
  Result<std::string_view> Next() override {
    piece_ = rest_.substr(0, bytes_);  // elsewhere each time, as of a file
    rest_.remove_prefix(piece_.size());
    return std::string_view(piece_);
  }

 private:
  std::string_view rest_;
  size_t bytes_;
  std::string piece_;
};

Result<Rows> ReadPieces(std::string_view text, const CsvOptions& options, size_t bytes) {
  Pieces pieces(text, bytes);
  CsvReader reader(&pieces, "x.csv", options);
  Rows rows;
  for (;;) {
    std::vector<std::string> row;
    ASSIGN_OR_RETURN(const bool more, reader.Next(&row));
    if (!more) return rows;
    rows.push_back(row);
  }
}

// Whatever the pieces are, the same comes of it.
Result<Rows> ReadRows(std::string_view text, const CsvOptions& options = {}) {
  Result<Rows> rows = ReadPieces(text, options, text.size() + 1);
  for (const size_t bytes : {1, 2, 3, 5}) {
    const Result<Rows> again = ReadPieces(text, options, bytes);
    EXPECT_EQ(again.status().ToString(), rows.status().ToString()) << "pieces of " << bytes;
    EXPECT_TRUE(!rows.ok() || !again.ok() || *again == *rows) << "pieces of " << bytes;
  }
  return rows;
}

Rows RowsOf(std::string_view text) {
  const auto rows = ReadRows(text);
  EXPECT_TRUE(rows.ok()) << rows.status();
  return rows.ok() ? *rows : Rows{};
}

std::string RefusalOf(std::string_view text) {
  const Status status = ReadRows(text).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << text;
  return status.message();
}

TEST(Csv, RowsEndWithLfOrCrlfOrTheText) {
  const Rows two = {{"a", "b"}, {"1", "2"}};
  for (const auto text : {"a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\n1,2",
                          "\xef\xbb\xbf"
                          "a,b\r\n1,2"}) {
    EXPECT_EQ(RowsOf(text), two) << text;
  }
  EXPECT_THAT(RowsOf(""), IsEmpty());
  EXPECT_THAT(RowsOf("\xef\xbb\xbf"), IsEmpty());
  EXPECT_EQ(RowsOf("\n"), (Rows{{""}}));
  EXPECT_EQ(RowsOf(",\n,"), (Rows{{"", ""}, {"", ""}}));
}

TEST(Csv, QuotedFieldsHoldAnything) {
  EXPECT_EQ(RowsOf("\"a,b\",\"say \"\"hi\"\"\",\"\",\"two\r\nlines\"\n1"),
            (Rows{{"a,b", "say \"hi\"", "", "two\r\nlines"}, {"1"}}));
  EXPECT_EQ(RowsOf("\"\"\"\""), (Rows{{"\""}}));
  EXPECT_EQ(RowsOf(" a , b "), (Rows{{" a ", " b "}}));  // spaces belong to fields
}

TEST(Csv, AnotherSeparatorMayBeAskedFor) {
  const auto rows = ReadRows("a;b,c\n", {.separator = ';'});
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(*rows, (Rows{{"a", "b,c"}}));
}

TEST(Csv, WhatIsNotByTheRulesIsRefusedWithRowAndColumn) {
  EXPECT_THAT(RefusalOf("a,b\n1,\"2\n"), HasSubstr("'x.csv', row 2, column 2: the quoted field"));
  EXPECT_THAT(RefusalOf("a\n1,b\"c"), HasSubstr("row 2, column 2: a double quote"));
  EXPECT_THAT(RefusalOf("\"a\"b,c"), HasSubstr("row 1, column 1: something follows"));
  EXPECT_THAT(RefusalOf("\"a\" ,c"), HasSubstr("something follows"));
  EXPECT_THAT(RefusalOf("a\rb"), HasSubstr("carriage return"));
  EXPECT_THAT(RefusalOf("\"a\"\rb"), HasSubstr("carriage return"));
  EXPECT_THAT(RefusalOf("a\n\xe4,b"), HasSubstr("row 2, column 1: the field is not UTF-8 (\\xe4)"));
  EXPECT_THAT(RefusalOf("a,\0"sv), HasSubstr("zero byte"));
}

TEST(Csv, LongFieldsAndRowsAreRefused) {
  EXPECT_TRUE(ReadRows("abc,def", {.most_field_bytes = 3}).ok());
  EXPECT_THAT(ReadRows("abc,defg", {.most_field_bytes = 3}).status().message(),
              HasSubstr("column 2: the field has more than 3 bytes"));
  EXPECT_FALSE(ReadRows("\"a\"\"bc\"", {.most_field_bytes = 3}).ok());
  EXPECT_TRUE(ReadRows("a,b", {.most_fields = 2}).ok());
  EXPECT_FALSE(ReadRows("a,b,c", {.most_fields = 2}).ok());
  EXPECT_TRUE(ReadRows("ab,c\nd,ef", {.most_row_bytes = 3}).ok());
  EXPECT_THAT(ReadRows("ab,cd", {.most_row_bytes = 3}).status().message(),
              HasSubstr("column 2: the row has more than 3 bytes"));
}

// A text that fails in the midst: what it says is passed on.
class Failing : public ByteInput {
 public:
  Result<std::string_view> Next() override {
    if (std::exchange(begun_, true)) return IoError("the disk does not answer");
    return std::string_view("a,b\n1");
  }

 private:
  bool begun_ = false;
};

TEST(Csv, ATextThatCannotBeReadFails) {
  Failing text;
  CsvReader reader(&text, "x.csv");
  std::vector<std::string> row;
  EXPECT_TRUE(*reader.Next(&row));
  EXPECT_EQ(reader.Next(&row).status().code(), StatusCode::kIoError);
}

}  // namespace
}  // namespace lockstep::storage
