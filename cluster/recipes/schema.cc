// SPDX-License-Identifier: Apache-2.0
// What is derived from the table of keys: checks of a value, canonical text, hash, listing.
#include "cluster/recipes/schema.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/hash.h"
#include "base/suggest.h"

namespace lockstep::cluster {
namespace {

using worker::TrainConfig;

// The shortest decimal that reads back as the same double, with a mark that it is a float.
std::string FormatFloat(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  std::string text(buffer, end);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string FormatString(const std::string& value) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      text += "\\u00";
      text += kHex[byte >> 4];
      text += kHex[byte & 15];
    } else {
      text += c;
    }
  }
  return text + "\"";
}

std::string FormatBound(double bound) {
  char buffer[64];
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof(buffer), bound).ptr);
}

std::string FormatRange(const KeyRange& range) {
  const bool no_upper_limit = range.high > 9e18;
  std::string text = range.low_open ? " above " : no_upper_limit ? " of at least " : " from ";
  text += FormatBound(range.low);
  if (no_upper_limit) return text;
  const std::string joint = range.low_open ? " and " : " ";
  return text + joint +
         (range.high_open  ? "below "
          : range.low_open ? "at most "
                           : "to ") +
         FormatBound(range.high);
}

bool InRange(const KeyRange& range, double value) {
  if (range.low_open ? value <= range.low : value < range.low) return false;
  return range.high_open ? value < range.high : value <= range.high;
}

double AsDouble(const KeyValue& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return static_cast<double>(*integer);
  return std::get<double>(value);
}

// Whether the text is a whole number from 1 to 10^12 - 1, without leading zeros.
bool IsCount(const std::string& text) {
  return !text.empty() && text.size() <= 12 && text[0] != '0' &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

std::string_view TypeText(KeyType type) {
  switch (type) {
    case KeyType::kBool:
      return "true or false";
    case KeyType::kInteger:
      return "an integer";
    case KeyType::kFloat:
      return "a number";
    case KeyType::kString:
      return "a string";
    case KeyType::kStringList:
      return "a list of strings";
  }
  return "";
}

// Names that other training programs use for our keys.
constexpr std::pair<std::string_view, std::string_view> kForeignNames[] = {
    {"learning_rate", "optimizer.lr"},
    {"lr0", "optimizer.lr"},
    {"wd", "optimizer.weight_decay"},
    {"batch_size", "batch.lane_batch"},
    {"num_classes", "model.classes"},
    {"arch", "model.name"},
    {"data_path", "data.dataset"},
    {"dataset_path", "data.dataset"},
    {"max_grad_norm", "optimizer.clip_norm"},
};

}  // namespace

std::string_view KeyRoleName(KeyRole role) {
  switch (role) {
    case KeyRole::kFree:
      return "free";
    case KeyRole::kBranch:
      return "branch";
    case KeyRole::kFixed:
      return "fixed";
  }
  return "";
}

std::string_view ArticleAndTypeName(const KeyValue& value) {
  static constexpr std::string_view kNames[] = {"a boolean", "an integer", "a float", "a string",
                                                "a list of strings"};
  return kNames[value.index()];
}

std::string RecipeKey::Expected() const {
  std::string text;
  for (const std::string& one : allowed) {
    text += (text.empty() ? "one of \"" : ", \"") + one + "\"";
  }
  if (!text.empty()) return text + (or_count ? ", or a whole number from 1 on" : "");
  text = TypeText(type);
  if (range) text += FormatRange(*range);
  if (unset) text += ", or " + FormatBound(*unset);
  return text;
}

Result<KeyValue> RecipeKey::Accept(KeyValue value) const {
  const std::string found = "'" + name + "' is " + FormatKeyValue(value);
  if (type == KeyType::kFloat && std::holds_alternative<int64_t>(value)) value = AsDouble(value);
  if (const auto* count = std::get_if<int64_t>(&value); count != nullptr && or_count) {
    value = std::to_string(*count);
  }
  if (static_cast<KeyType>(value.index()) != type) {
    return InvalidArgument(found + ", " + std::string(ArticleAndTypeName(value)) + "; expected " +
                           Expected());
  }
  if (auto* number = std::get_if<double>(&value)) {
    if (*number == 0.0) *number = 0.0;  // no negative zero: it would be hashed as another value
    if (!std::isfinite(*number)) {
      return InvalidArgument(found + ", which is not finite; expected " + Expected());
    }
  }
  if (range && !InRange(*range, AsDouble(value)) && !(unset && AsDouble(value) == *unset)) {
    return InvalidArgument(found + ", out of range; expected " + Expected());
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    const bool is_listed =
        allowed.empty() || std::find(allowed.begin(), allowed.end(), *text) != allowed.end();
    if (!is_listed && !(or_count && IsCount(*text))) {
      const std::string nearest = NearestName(*text, allowed);
      return InvalidArgument(found + "; expected " + Expected() +
                             (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"));
    }
    if (required() && text->empty()) return InvalidArgument(found + "; it must not be empty");
  }
  return value;
}

std::string SuggestRecipeKey(std::string_view typed) {
  const std::string_view last = typed.substr(typed.rfind('.') + 1);
  for (const auto& [foreign, ours] : kForeignNames) {
    if (last == foreign) return "; did you mean '" + std::string(ours) + "'?";
  }
  std::vector<std::string> names;
  for (const RecipeKey& key : RecipeKeys()) names.push_back(key.name);
  std::string nearest = NearestName(typed, names);
  for (const RecipeKey& key : RecipeKeys()) {
    const bool same_last = key.name.substr(key.name.rfind('.') + 1) == last;
    if (nearest.empty() && same_last && last != "name") nearest = key.name;
  }
  return nearest.empty() ? "" : "; did you mean '" + nearest + "'?";
}

std::string FormatKeyValue(const KeyValue& value) {
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
  if (const auto* integer = std::get_if<int64_t>(&value)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&value)) return FormatFloat(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return FormatString(*text);
  std::string list = "[";
  for (const std::string& item : std::get<std::vector<std::string>>(value)) {
    list += (list.size() > 1 ? ", " : "") + FormatString(item);
  }
  return list + "]";
}

namespace {

std::string LinesOf(const TrainConfig& config, const std::vector<KeyRole>& roles) {
  std::vector<std::string> lines;
  for (const RecipeKey& key : RecipeKeys()) {
    if (std::find(roles.begin(), roles.end(), key.role) == roles.end() || key.is_path) continue;
    const KeyValue value = key.get(config);
    if (value == key.unhashed.value_or(key.Default())) continue;
    lines.push_back(key.name + "=" + FormatKeyValue(value) + "\n");
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

}  // namespace

std::string CanonicalRecipeLines(const TrainConfig& config) {
  return LinesOf(config, {KeyRole::kFixed, KeyRole::kBranch});
}

std::string CanonicalRecipeLines(const TrainConfig& config, KeyRole role) {
  return LinesOf(config, {role});
}

std::string UnlistedRecipeLines() {
  std::string text;
  for (const RecipeKey& key : RecipeKeys()) {
    if (key.role == KeyRole::kFree || key.is_path) continue;
    text += key.name + "=" + FormatKeyValue(key.unhashed.value_or(key.Default())) + "\n";
  }
  return text;
}

uint64_t RecipeHash(const TrainConfig& config) { return Hash64(CanonicalRecipeLines(config)); }

std::string ListRecipeKeys() {
  std::string text =
      "Keys of a recipe. A run's bits depend on its fixed and branch keys; free keys may change "
      "at\n"
      "any time. Set them in the recipe file or as key=value on the command line.\n";
  std::string group;
  for (const RecipeKey& key : RecipeKeys()) {
    const std::string key_group = key.name.substr(0, key.name.find('.'));
    if (key_group != group) text += "\n";
    group = key_group;
    const std::string given =
        key.required() ? "required" : "default " + FormatKeyValue(key.Default());
    text += key.name + "  (" + std::string(KeyRoleName(key.role)) + ", " + given + ")\n";
    text += "    " + key.doc + "\n    " + key.Expected();
    if (!key.only_with_key.empty()) {
      text += "; only with " + key.only_with_key + " = \"" + key.only_with_value + "\"";
    }
    text += "\n";
  }
  return text;
}

}  // namespace lockstep::cluster
