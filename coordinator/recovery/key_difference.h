// SPDX-License-Identifier: Apache-2.0
// Where two recipes differ, from the lines "name=value" of the keys that are not at their defaults.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::coordinator {

struct KeyDifference {
  std::string name;
  std::string before;
  std::string now;
};

// The differences, sorted by name. A key that is not among the lines has the value that stands in
// `unlisted`, lines too; "(none)" where it is not there either.
std::vector<KeyDifference> DifferencesOf(std::string_view before, std::string_view now,
                                         std::string_view unlisted);

// "batch.lanes: 4, now 8; train.kernel_file: (none), now 0123456789abcdef"
std::string ToText(const std::vector<KeyDifference>& differences);

}  // namespace lockstep::coordinator
