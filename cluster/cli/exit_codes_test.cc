// SPDX-License-Identifier: Apache-2.0
// The table in docs/errors.md and the program agree on every exit code.
#include <fstream>
#include <map>
#include <regex>
#include <string>

#include "base/status.h"
#include "gtest/gtest.h"

namespace lockstep::cluster {
namespace {

TEST(ExitCodes, TheTableInTheDocumentationIsTheProgramsOwn) {
  std::ifstream page(LOCKSTEP_SOURCE_DIR "/docs/errors.md");
  ASSERT_TRUE(page) << "docs/errors.md is missing";
  const std::regex row(R"(\| (\d+) \| ([a-z-]+) \| ([^|]+)\| ([^|]*)\|)");
  std::map<std::string, int> documented;
  for (std::string line; std::getline(page, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, row)) continue;
    EXPECT_TRUE(documented.emplace(match[2], std::stoi(match[1])).second) << line;
    EXPECT_TRUE(match[2] == "ok" || match[4].length() > 10) << "no remedy: " << line;
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
