// SPDX-License-Identifier: Apache-2.0
// Reads TOML into a flat list of keys and values. Nothing else uses toml++: size, line length and
// depth are bounded here, and every failure names file:line:col.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "cluster/recipes/schema.h"

namespace lockstep::cluster {

inline constexpr size_t kMaxRecipeBytes = 64 * 1024;
inline constexpr size_t kMaxRecipeLineBytes = 8 * 1024;
inline constexpr size_t kMaxDotsInLine = 200;  // bounds how deep dotted keys can nest

struct TomlPosition {
  int line = 0;    // from 1
  int column = 0;  // from 1, in code points
};

struct TomlEntry {
  std::string key;            // dotted: "batch.lanes", whichever way it was written
  TomlPosition key_position;  // of its last part
  TomlPosition value_position;
  std::optional<KeyValue> value;  // absent: a type that no recipe key has
  bool other_base = false;        // a whole number in hexadecimal, octal or binary
  std::string
      other_type;  // without a value, its name: "a table", "a date", "a list of mixed values"
};

// The leaves of the document in order of appearance; empty tables are entries without a value.
// `name` stands for the file in messages.
Result<std::vector<TomlEntry>> ReadToml(std::string_view text, const std::string& name);

}  // namespace lockstep::cluster
