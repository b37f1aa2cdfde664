// SPDX-License-Identifier: Apache-2.0
// The recipe's schema: every key a recipe may hold, tied to what it sets in TrainConfig. Keys of
// the run itself stand in one table (schema_keys.cc); those of a part that is chosen by name come
// from the part's own list of options (part_lists.h). Parsing, defaults, the key listing, the page
// for people, the resolved text and the recipe hash all read these, so a key exists everywhere or
// nowhere. Roles are those of docs/formats.md: fixed keys never change within a run, branch keys
// may change at a resume and start a new branch, free keys have no influence on the bits.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options/option.h"
#include "base/status.h"
#include "worker/config/train_config.h"

namespace lockstep::cluster {

enum class KeyRole { kFree, kBranch, kFixed };
std::string_view KeyRoleName(KeyRole role);  // "free", "branch", "fixed"

using KeyValue = AttrValue;

// What a key means to some of the parts that have it.
struct KeyVariant {
  Option option;                   // under its own name: "momentum"
  std::vector<std::string> parts;  // names; empty: the key belongs to no part
};

struct RecipeKey {
  std::string name;                  // dotted, "batch.lanes"
  std::vector<KeyVariant> variants;  // at least one, all of one type
  KeyRole role = KeyRole::kFixed;
  std::string only_with_key;    // read only where this key ...
  std::string only_with_value;  // ... has this value
  std::string example;          // shown when a required key is missing
  bool is_path = false;         // where something lies, not what it is: never hashed
  bool always_hashed = false;   // stands in the recipe hash with its default too
  // The value, given or by default; nothing where the chosen part has no such option.
  std::function<std::optional<KeyValue>(const worker::TrainConfig& config)> get;
  std::function<void(worker::TrainConfig* config, const KeyValue& value)> set;

  const Option& option() const { return variants.front().option; }
  OptionType type() const { return option().type(); }
  std::string group() const { return name.substr(0, name.find('.')); }
  bool required() const { return !example.empty(); }
  bool of_part() const { return !option_parts().empty(); }
  const std::vector<std::string>& option_parts() const { return variants.front().parts; }
  // What the key means to a part; nullptr: nothing.
  const Option* Of(std::string_view part) const;
  // Every part that has it, as `"sgd", "adam"`.
  std::string PartsText() const;
};

// All keys, in the order in which they are listed and written.
const std::vector<RecipeKey>& RecipeKeys();
const RecipeKey* FindRecipeKey(std::string_view name);  // nullptr: unknown
// Known names of recipes that this version does not implement yet ("checkpoint.every_steps").
bool IsReservedRecipeKey(std::string_view name);
// "; did you mean 'batch.lanes'?" for a mistyped key, a known key without its group ("lr") or a
// name other programs use ("batch_size"); empty if nothing is near.
std::string SuggestRecipeKey(std::string_view typed);

// The recipe hash, schema 2, is the XXH3-64 of this text: the schema's line, then sorted
// "key=value" lines, each with a newline, of the fixed and branch keys: the name of every chosen
// part, and what differs from what the program did before the key existed (its default, mostly);
// paths excluded.
std::string CanonicalRecipeLines(const worker::TrainConfig& config);
// The lines of the keys of one role; the schema's line counts as one of the fixed keys.
std::string CanonicalRecipeLines(const worker::TrainConfig& config, KeyRole role);
// A line for each of all those keys, also for those whose value the lines above leave out.
std::string UnlistedRecipeLines(const worker::TrainConfig& config);
uint64_t RecipeHash(const worker::TrainConfig& config);

// What recipes of schema 1 spelled out where nothing was meant: resolved recipes of that time hold
// the options of every part. Such a value is as if it were not given.
bool MeansNothing(std::string_view key, const KeyValue& value);

// What `lockstep recipe --keys` prints: each key with default, role, values and meaning.
std::string ListRecipeKeys();
// The page docs/recipes.md, which a test holds to this text.
std::string RecipePage();

}  // namespace lockstep::cluster
