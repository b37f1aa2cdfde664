// SPDX-License-Identifier: Apache-2.0
// The table in docs/errors.md and the program agree on every exit code.
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/status.h"
#include "gtest/gtest.h"

namespace lockstep::cluster {
namespace {

// The cells of a table's row, without the blanks around them; empty for any other line.
std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells;
  if (!line.starts_with("| ")) return cells;
  std::istringstream row(line.substr(1));
  for (std::string cell; std::getline(row, cell, '|');) {
    const size_t begin = cell.find_first_not_of(' ');
    const size_t end = cell.find_last_not_of(' ');
    cells.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
  }
  return cells;
}

bool IsNumber(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

TEST(ExitCodes, TheTableInTheDocumentationIsTheProgramsOwn) {
  std::ifstream page(LOCKSTEP_SOURCE_DIR "/docs/errors.md");
  ASSERT_TRUE(page) << "docs/errors.md is missing";
  std::map<std::string, int> documented;
  for (std::string line; std::getline(page, line);) {
    const std::vector<std::string> cells = Cells(line);
    if (cells.size() != 4 || !IsNumber(cells[0])) continue;
    EXPECT_TRUE(documented.emplace(cells[1], std::stoi(cells[0])).second) << line;
    EXPECT_TRUE(cells[1] == "ok" || cells[3].size() > 10) << "no remedy: " << line;
  }
  std::map<std::string, int> actual;
  for (int code = 0; code <= static_cast<int>(StatusCode::kInternal); ++code) {
    const auto status_code = static_cast<StatusCode>(code);
    actual.emplace(StatusCodeName(status_code), ExitCodeOf(status_code));
  }
  EXPECT_EQ(documented, actual);
}

}  // namespace
}  // namespace lockstep::cluster
