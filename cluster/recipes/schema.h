// SPDX-License-Identifier: Apache-2.0
// The recipe's schema: one table of every key a recipe may hold, tied to the field of TrainConfig
// it sets. Parsing, defaults, the key listing, the resolved text and the recipe hash all read this
// table, so a key exists everywhere or nowhere. Roles are those of docs/formats.md:
// fixed keys never change within a run, branch keys may change at a resume and start a new branch,
// free keys have no influence on the bits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "worker/config/train_config.h"

namespace lockstep::cluster {

enum class KeyRole { kFree, kBranch, kFixed };
std::string_view KeyRoleName(KeyRole role);  // "free", "branch", "fixed"

// In the order of KeyValue's alternatives.
enum class KeyType { kBool, kInteger, kFloat, kString, kStringList };
using KeyValue = std::variant<bool, int64_t, double, std::string, std::vector<std::string>>;

// Numbers from `low` to `high`, ends included unless open.
struct KeyRange {
  double low = 0.0;
  double high = 0.0;
  bool low_open = false;
  bool high_open = false;
};

struct RecipeKey {
  std::string name;  // dotted, "batch.lanes"
  KeyType type = KeyType::kString;
  KeyRole role = KeyRole::kFixed;
  std::string doc;                   // one line, with the unit
  std::optional<KeyRange> range;     // numbers
  std::optional<double> unset;       // a number outside the range that means "not given"
  std::vector<std::string> allowed;  // strings: empty means any
  bool or_count = false;             // strings: also a whole number from 1 on, quoted or not
  std::string only_with_key;         // read only where this key ...
  std::string only_with_value;       // ... has this value
  std::string example;               // shown when a required key is missing
  bool is_path = false;              // where something lies, not what it is: never hashed
  std::optional<KeyValue> unhashed;  // the value the recipe hash leaves out; unset: the default
  KeyValue (*get)(const worker::TrainConfig& config) = nullptr;
  void (*set)(worker::TrainConfig* config, const KeyValue& value) = nullptr;

  bool required() const { return !example.empty(); }
  KeyValue Default() const { return get(worker::TrainConfig{}); }
  // "an integer from 1 to 65536", "one of "sgd", "adam"", "a list of strings".
  std::string Expected() const;
  // Whether `value` (of any type) may be set; the failure says what was found and expected.
  // An integer is accepted, and turned into a float, where a float is expected.
  Result<KeyValue> Accept(KeyValue value) const;
};

// All keys, in the order in which they are listed and written.
const std::vector<RecipeKey>& RecipeKeys();
const RecipeKey* FindRecipeKey(std::string_view name);  // nullptr: unknown
// Known names of recipes that this version does not implement yet ("checkpoint.every_steps").
bool IsReservedRecipeKey(std::string_view name);
// "; did you mean 'batch.lanes'?" for a mistyped key, a known key without its group ("lr") or a
// name other programs use ("batch_size"); empty if nothing is near.
std::string SuggestRecipeKey(std::string_view typed);

// The value in TOML, so that reading it gives the same bits: 8, 0.1, true, "sgd", ["hflip"].
std::string FormatKeyValue(const KeyValue& value);
std::string_view ArticleAndTypeName(const KeyValue& value);  // "an integer"

// Sorted "key=value" lines, each with a newline, of the fixed and branch keys that differ from
// their defaults; paths excluded. The recipe hash is the XXH3-64 of this text.
std::string CanonicalRecipeLines(const worker::TrainConfig& config);
// The same of the keys of one role alone.
std::string CanonicalRecipeLines(const worker::TrainConfig& config, KeyRole role);
// Such lines of all those keys, with the values that the lines above leave out.
std::string UnlistedRecipeLines();
uint64_t RecipeHash(const worker::TrainConfig& config);

// What `lockstep train --keys` prints: each key with default, role, values and meaning.
std::string ListRecipeKeys();

}  // namespace lockstep::cluster
