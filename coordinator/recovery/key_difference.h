// SPDX-License-Identifier: Apache-2.0
// Where two recipes differ, from the lines "name=value" of the keys that are not at their defaults.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::coordinator {

struct KeyDifference {
  std::string name;
  std::string before;  // "(not stated)" where the key is not among the lines
  std::string now;
};

// By name.
std::vector<KeyDifference> DifferencesOf(std::string_view before, std::string_view now);

// "batch.lanes: 4, now 8; model.name: (not stated), now mlp"
std::string ToText(const std::vector<KeyDifference>& differences);

}  // namespace lockstep::coordinator
