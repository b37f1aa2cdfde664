// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/class_names.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/utf8.h"
#include "storage/env/files.h"
#include "storage/source/source_path.h"

namespace lockstep::storage {
namespace {

constexpr int64_t kMostBytes = int64_t{64} << 20;  // of a file of names

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r";
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

}  // namespace

Result<std::vector<std::string>> ParseClassNames(std::string_view text, const std::string& file) {
  const size_t end = text.find_last_not_of(" \t\r\n");
  if (end == std::string_view::npos) {
    return DataLoss(Quoted(file) + " names no class; expected one name a line");
  }
  text = text.substr(0, end + 1);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  std::vector<std::string> names;
  std::set<std::string_view> seen;
  for (size_t at = 0; at <= text.size();) {
    const size_t newline = std::min(text.find('\n', at), text.size());
    const std::string_view name = Trimmed(text.substr(at, newline - at));
    at = newline + 1;
    const std::string where = Quoted(file) + ", line " + std::to_string(names.size() + 1) + ": ";
    if (name.empty()) return DataLoss(where + "it is empty; expected the name of a class");
    if (!IsUtf8(name)) return DataLoss(where + "the name is not UTF-8");
    if (!seen.insert(name).second) {
      return DataLoss(where + "the class " + Quoted(PrintableName(name)) + " stands there twice");
    }
    if (names.size() == kMostClasses) return DataLoss(where + "more than 1,048,576 classes");
    names.emplace_back(name);
  }
  return names;
}

Result<std::vector<std::string>> ReadClassNames(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadRegularFile(path, kMostBytes));
  return ParseClassNames(text, path);
}

ClassIndex::ClassIndex(const std::vector<std::string>& names) {
  for (size_t i = 0; i < names.size(); ++i) {
    sorted_.emplace_back(names[i], static_cast<int32_t>(i));
  }
  std::sort(sorted_.begin(), sorted_.end());
}

int32_t ClassIndex::Find(std::string_view name) const {
  const auto at = std::lower_bound(
      sorted_.begin(), sorted_.end(), name,
      [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
  return at != sorted_.end() && at->first == name ? at->second : -1;
}

}  // namespace lockstep::storage
