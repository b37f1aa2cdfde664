// SPDX-License-Identifier: Apache-2.0
// The names of classes, as a text file lists them: one a line; the first line names value 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace lockstep::storage {

inline constexpr size_t kMostClasses = size_t{1} << 20;

// Spaces around a name and empty lines at the end are left out. Fails with data-loss, naming `file`
// and the line, where a line is empty, no UTF-8 or stands twice, and where there is no name.
Result<std::vector<std::string>> ParseClassNames(std::string_view text, const std::string& file);

// Reads such a file.
Result<std::vector<std::string>> ReadClassNames(const std::string& path);

// The place of a name; -1 where it is not among them.
class ClassIndex {
 public:
  explicit ClassIndex(const std::vector<std::string>& names);
  int32_t Find(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, int32_t>> sorted_;
};

}  // namespace lockstep::storage
