// SPDX-License-Identifier: Apache-2.0
// toml++ (Gillard, 3.3) is included here and nowhere else, header-only and without its exceptions.
// Some malformed texts ("[\\") break an assertion of its parser; that is a failed parse, not the
// end of the process.
#include "cluster/recipes/toml_reader.h"

#include <algorithm>
#include <tuple>

namespace {
struct TomlParserAssertion {};
[[noreturn]] void ThrowTomlParserAssertion() { throw TomlParserAssertion(); }
}  // namespace

#undef NDEBUG  // else toml++ assumes what it would have asserted
#define TOML_ASSERT(expr) (static_cast<bool>(expr) ? void() : ThrowTomlParserAssertion())
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 16
#include <toml++/toml.h>

namespace lockstep::cluster {
namespace {

constexpr int kMaxKeyParts = 8;  // deeper keys are reported by their first parts

TomlPosition PositionOf(const toml::source_region& region) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

std::string Where(const std::string& name, size_t line, size_t column) {
  return name + ":" + std::to_string(line) + ":" + std::to_string(column);
}

Status CheckBounds(std::string_view text, const std::string& name) {
  if (text.size() > kMaxRecipeBytes) {
    return InvalidArgument(name + ": larger than " + std::to_string(kMaxRecipeBytes) +
                           " bytes; a recipe is a short TOML text, is this the right file?");
  }
  size_t line = 1;
  size_t column = 0;
  size_t dots = 0;
  for (const char c : text) {
    if (c == '\n') {
      ++line;
      column = 0;
      dots = 0;
      continue;
    }
    ++column;
    dots += c == '.' ? 1 : 0;
    if (column > kMaxRecipeLineBytes) {
      return InvalidArgument(Where(name, line, column) + ": line longer than " +
                             std::to_string(kMaxRecipeLineBytes) + " bytes");
    }
    if (dots > kMaxDotsInLine) {
      return InvalidArgument(Where(name, line, column) + ": more than " +
                             std::to_string(kMaxDotsInLine) + " dots in a line: key too deep");
    }
  }
  return OkStatus();
}

Status ParseFailure(const toml::parse_error& error, const std::string& name) {
  const auto begin = error.source().begin;
  std::string description(error.description());
  if (description.find("cannot redefine") != std::string::npos) {
    description = "duplicate key: " + description.substr(description.find("cannot redefine")) +
                  "; give each key once";
  } else if (description.find("TOML_MAX_NESTED_VALUES") != std::string::npos) {
    description = "values nested deeper than 16 levels";
  }
  return InvalidArgument(Where(name, begin.line, begin.column) + ": " + description);
}

// Absent where the parser broke an assertion of its own.
std::optional<toml::parse_result> Parse(std::string_view text) {
  try {
    return toml::parse(text);
  } catch (const TomlParserAssertion&) {
    return std::nullopt;
  }
}

// The first line that the parser does not survive: what is before a line does not depend on it.
size_t FindBreakingLine(std::string_view text) {
  std::vector<size_t> ends;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') ends.push_back(at + 1);
  }
  ends.push_back(text.size());
  const auto first = std::partition_point(ends.begin(), ends.end(), [text](size_t end) {
    return Parse(text.substr(0, end)).has_value();
  });
  return static_cast<size_t>(first - ends.begin()) + 1;
}

std::string OtherTypeName(toml::node_type type) {
  switch (type) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::date:
      return "a date";
    case toml::node_type::time:
      return "a time";
    case toml::node_type::date_time:
      return "a date and time";
    default:
      return "a list of other values than strings";
  }
}

std::optional<KeyValue> ValueOf(const toml::node& node) {
  if (const auto* boolean = node.as_boolean()) return KeyValue(boolean->get());
  if (const auto* integer = node.as_integer()) return KeyValue(integer->get());
  if (const auto* number = node.as_floating_point()) return KeyValue(number->get());
  if (const auto* text = node.as_string()) return KeyValue(text->get());
  const auto* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> list;
  for (const toml::node& item : *array) {
    const auto* text = item.as_string();
    if (text == nullptr) return std::nullopt;
    list.push_back(text->get());
  }
  return KeyValue(std::move(list));
}

void Flatten(const toml::table& table, const std::string& prefix, int depth,
             std::vector<TomlEntry>* entries) {
  for (const auto& [key, node] : table) {
    TomlEntry entry;
    entry.key = prefix + std::string(key.str());
    entry.key_position = PositionOf(key.source());
    entry.value_position = PositionOf(node.source());
    const toml::table* inner = node.as_table();
    if (inner != nullptr && !inner->empty() && depth < kMaxKeyParts) {
      Flatten(*inner, entry.key + ".", depth + 1, entries);
      continue;
    }
    entry.value = ValueOf(node);
    if (!entry.value) entry.other_type = OtherTypeName(node.type());
    entries->push_back(std::move(entry));
  }
}

}  // namespace

Result<std::vector<TomlEntry>> ReadToml(std::string_view text, const std::string& name) {
  RETURN_IF_ERROR(CheckBounds(text, name));
  const std::optional<toml::parse_result> parsed = Parse(text);
  if (!parsed) {
    return InvalidArgument(Where(name, FindBreakingLine(text), 1) +
                           ": not TOML: expected key = value or [table]");
  }
  if (!*parsed) return ParseFailure(parsed->error(), name);
  std::vector<TomlEntry> entries;
  Flatten(parsed->table(), "", 1, &entries);
  std::stable_sort(entries.begin(), entries.end(), [](const TomlEntry& a, const TomlEntry& b) {
    return std::tie(a.key_position.line, a.key_position.column) <
           std::tie(b.key_position.line, b.key_position.column);
  });
  return entries;
}

}  // namespace lockstep::cluster
