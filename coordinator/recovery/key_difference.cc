// SPDX-License-Identifier: Apache-2.0
#include "coordinator/recovery/key_difference.h"

#include <map>
#include <set>

namespace lockstep::coordinator {
namespace {

constexpr char kNone[] = "(none)";

std::map<std::string, std::string> ParseLines(std::string_view lines) {
  std::map<std::string, std::string> keys;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    const size_t equals = std::min(line.find('='), line.size());
    if (line.empty()) continue;
    keys[std::string(line.substr(0, equals))] = line.substr(std::min(equals + 1, line.size()));
  }
  return keys;
}

}  // namespace

std::vector<KeyDifference> DifferencesOf(std::string_view before, std::string_view now,
                                         std::string_view unlisted) {
  const auto old_keys = ParseLines(before);
  const auto new_keys = ParseLines(now);
  const auto unlisted_keys = ParseLines(unlisted);
  std::set<std::string> names;
  for (const auto& [name, value] : old_keys) names.insert(name);
  for (const auto& [name, value] : new_keys) names.insert(name);
  const auto value_in = [&](const std::map<std::string, std::string>& keys,
                            const std::string& name) {
    if (const auto it = keys.find(name); it != keys.end()) return it->second;
    const auto it = unlisted_keys.find(name);
    return it == unlisted_keys.end() ? std::string(kNone) : it->second;
  };
  std::vector<KeyDifference> differences;
  for (const std::string& name : names) {
    KeyDifference difference{name, value_in(old_keys, name), value_in(new_keys, name)};
    if (difference.before != difference.now) differences.push_back(std::move(difference));
  }
  return differences;
}

std::string ToText(const std::vector<KeyDifference>& differences) {
  std::string text;
  for (const KeyDifference& difference : differences) {
    text += (text.empty() ? "" : "; ") + difference.name + ": " + difference.before + ", now " +
            difference.now;
  }
  return text;
}

}  // namespace lockstep::coordinator
