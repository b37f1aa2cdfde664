// SPDX-License-Identifier: Apache-2.0
// Options: what a person may set of a part of a run (a model, an optimizer, a schedule), listed
// once. The part's attribute struct (base/options/attrs.h) says beside each field what it means:
//
//   struct StepOptions {
//     double step_epochs = 30.0, gamma = 0.1;
//     template <typename V> void Visit(V&& v) {
//       v("step_epochs", step_epochs, Says("epochs between drops").Within(kPositive));
//       v("gamma", gamma,
//         Says("factor of a drop").Within({.low = 0, .high = 1, .low_open = true}));
//     }
//   };
//   const OptionList options = ListOf<StepOptions>();
//
// Checks, defaults, listings, documentation and what a recipe's hash covers all read the list.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options/attrs.h"
#include "base/status.h"

namespace lockstep {

// Numbers from `low` to `high`, ends included unless open.
struct OptionRange {
  double low = 0.0;
  double high = 0.0;
  bool low_open = false;
  bool high_open = false;

  bool Has(double value) const;
};
inline constexpr double kMaxOption = 1.7976931348623157e308;
inline constexpr OptionRange kPositive = {.low = 0, .high = kMaxOption, .low_open = true};
inline constexpr OptionRange kNotNegative = {.low = 0, .high = kMaxOption};
inline constexpr OptionRange kBelowOne = {.low = 0, .high = 1, .high_open = true};

// What a field list says of a field beside its name and default.
struct OptionSpec {
  const char* doc = "";                   // one line, with the unit
  std::optional<OptionRange> range = {};  // lists: of each of the numbers
  std::optional<double> or_value = {};    // a number beside the range that has a meaning
  std::vector<std::string> words = {};    // strings: the allowed ones; none: any
  bool or_count = false;                  // strings: also a whole number from 1 on
  std::optional<AttrValue> before = {};   // see Absent
  // Lists: how many there may be.
  size_t fewest = 0, most = std::numeric_limits<size_t>::max();

  OptionSpec Within(const OptionRange& r) const;
  OptionSpec Or(double value) const;
  OptionSpec OneOf(std::vector<std::string> allowed) const;
  OptionSpec OrCount() const;
  OptionSpec Length(size_t fewest_items, size_t most_items) const;
  // What the program did before the field existed, where that is not the default: a recipe's hash
  // leaves this value out.
  OptionSpec Absent(AttrValue value) const;
};
inline OptionSpec Says(const char* doc) { return {.doc = doc}; }

// In the order of AttrValue's alternatives.
enum class OptionType { kInteger, kFloat, kBool, kString, kIntegerList, kStringList, kFloatList };

struct Option {
  std::string name;
  AttrValue default_value;
  OptionSpec spec;

  OptionType type() const { return static_cast<OptionType>(default_value.index()); }
  const AttrValue& absent() const { return spec.before ? *spec.before : default_value; }
  // "an integer from 1 to 65536", "one of "sgd", "adam"", "a list of strings".
  std::string Expected() const;
  // Whether `value` (of any type) may be set; the failure calls the option `shown` and says what
  // was found and expected. An integer is accepted, and turned into a float, where a float is
  // expected; a count, and turned into a string, where the option takes one.
  Result<AttrValue> Accept(AttrValue value, std::string_view shown) const;
  // The value that `text` of a command line stands for: 8, 0.1, true, sgd, or the elements of a
  // list separated by commas. Accepted or refused as Accept does.
  Result<AttrValue> Parse(std::string_view text, std::string_view shown) const;
  bool operator==(const Option& other) const;
};

class OptionList {
 public:
  OptionList() = default;
  explicit OptionList(std::vector<Option> options) : options_(std::move(options)) {}

  const std::vector<Option>& options() const { return options_; }
  const Option* Find(std::string_view name) const;  // nullptr: not in the list
  // "a, b, c", or "no options".
  std::string NamesText() const;

  // Every option in the order of the list: what `given` says, checked, else its default. Errors
  // begin with `owner` ("model 'lenet5'") and say what would fit.
  Result<Attrs> Complete(const Attrs& given, const std::string& owner) const;

 private:
  std::vector<Option> options_;
};

// The list of an attribute struct, each of whose fields says what it means.
template <typename T>
OptionList ListOf() {
  std::vector<Option> options;
  T defaults;
  defaults.Visit([&options](const char* name, auto& field, const OptionSpec& spec) {
    options.push_back({name, AttrValue(field), spec});
  });
  return OptionList(std::move(options));
}

// Whether every field of an attribute struct has an allowed value; the failure names it.
template <typename T>
Status CheckOptions(const T& attrs, const std::string& owner) {
  return ListOf<T>().Complete(Pack(attrs), owner).status();
}

// Two options of a part that do not go together.
struct OptionConflict {
  std::vector<std::string> options;  // involved, the likeliest cause first
  std::string message;               // names them with their group, the values and the remedy
};

// The value in TOML and JSON, so that reading it gives the same bits: 8, 0.1, true, "sgd",
// ["hflip"].
std::string OptionText(const AttrValue& value);
std::string_view ArticleAndTypeName(const AttrValue& value);  // "an integer"

}  // namespace lockstep
