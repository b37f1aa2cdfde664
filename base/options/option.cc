// SPDX-License-Identifier: Apache-2.0
#include "base/options/option.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/suggest.h"

namespace lockstep {
namespace {

// The shortest decimal that reads back as the same double, with a mark that it is a float.
std::string FloatText(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  std::string text(buffer, end);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string StringText(const std::string& value) {
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

struct ValueText {
  std::string operator()(int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return FloatText(v); }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(const std::string& v) const { return StringText(v); }
  template <typename T>
  std::string operator()(const std::vector<T>& list) const {
    std::string text = "[";
    for (const T& item : list) text += (text.size() > 1 ? ", " : "") + (*this)(item);
    return text + "]";
  }
};

std::string BoundText(double bound) {
  char buffer[64];
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof(buffer), bound).ptr);
}

std::string RangeText(const OptionRange& range) {
  const bool no_upper_limit = range.high > 9e18;
  std::string text = range.low_open ? " above " : no_upper_limit ? " of at least " : " from ";
  text += BoundText(range.low);
  if (no_upper_limit) return text;
  const std::string joint = range.low_open ? " and " : " ";
  return text + joint +
         (range.high_open  ? "below "
          : range.low_open ? "at most "
                           : "to ") +
         BoundText(range.high);
}

// Whether the text is a whole number from 1 to 10^12 - 1, without leading zeros.
bool IsCount(const std::string& text) {
  return !text.empty() && text.size() <= 12 && text[0] != '0' &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

std::string_view TypeText(OptionType type) {
  switch (type) {
    case OptionType::kBool:
      return "true or false";
    case OptionType::kInteger:
      return "an integer";
    case OptionType::kFloat:
      return "a number";
    case OptionType::kString:
      return "a string";
    case OptionType::kIntegerList:
      return "a list of integers";
    case OptionType::kStringList:
      return "a list of strings";
    case OptionType::kFloatList:
      return "a list of numbers";
  }
  return "";
}

bool IsList(OptionType type) {
  return type == OptionType::kIntegerList || type == OptionType::kStringList ||
         type == OptionType::kFloatList;
}

// "a list of 1 to 2 integers".
std::string ListText(OptionType type, const OptionSpec& spec) {
  std::string text(TypeText(type));
  if (spec.most == std::numeric_limits<size_t>::max()) return text;
  std::string count = std::to_string(spec.fewest);
  if (spec.most != spec.fewest) count += " to " + std::to_string(spec.most);
  constexpr std::string_view kListOf = "a list of ";
  return text.insert(kListOf.size(), count + " ");
}

// Whether a length may be that of a list with this spec.
bool HasLength(const OptionSpec& spec, size_t length) {
  return length >= spec.fewest && length <= spec.most;
}

// The numbers of a value; none of one that holds none.
struct NumbersOf {
  std::vector<double> operator()(int64_t v) const { return {static_cast<double>(v)}; }
  std::vector<double> operator()(double v) const { return {v}; }
  std::vector<double> operator()(const std::vector<int64_t>& v) const {
    return {v.begin(), v.end()};
  }
  std::vector<double> operator()(const std::vector<double>& v) const { return v; }
  template <typename T>
  std::vector<double> operator()(const T&) const {
    return {};
  }
};

struct LengthOf {
  template <typename T>
  size_t operator()(const std::vector<T>& list) const {
    return list.size();
  }
  template <typename T>
  size_t operator()(const T&) const {
    return 1;
  }
};

// An integer where floats are expected becomes one, and so do the integers of a list.
void WidenTo(OptionType type, AttrValue* value) {
  const auto* integer = std::get_if<int64_t>(value);
  if (integer != nullptr && type == OptionType::kFloat) {
    *value = static_cast<double>(*integer);
    return;
  }
  const auto* integers = std::get_if<std::vector<int64_t>>(value);
  if (integers != nullptr && type == OptionType::kFloatList) {
    *value = std::vector<double>(integers->begin(), integers->end());
  }
}

// No negative zero: it would be hashed as another value.
void ClearZeroSigns(AttrValue* value) {
  if (auto* number = std::get_if<double>(value); number != nullptr && *number == 0.0) {
    *number = 0.0;
  }
  if (auto* list = std::get_if<std::vector<double>>(value)) {
    for (double& number : *list) {
      if (number == 0.0) number = 0.0;
    }
  }
}

}  // namespace

bool OptionRange::Has(double value) const {
  if (low_open ? value <= low : value < low) return false;
  return high_open ? value < high : value <= high;
}

OptionSpec OptionSpec::Within(const OptionRange& r) const {
  OptionSpec spec = *this;
  spec.range = r;
  return spec;
}

OptionSpec OptionSpec::Or(double value) const {
  OptionSpec spec = *this;
  spec.or_value = value;
  return spec;
}

OptionSpec OptionSpec::OneOf(std::vector<std::string> allowed) const {
  OptionSpec spec = *this;
  spec.words = std::move(allowed);
  return spec;
}

OptionSpec OptionSpec::OrCount() const {
  OptionSpec spec = *this;
  spec.or_count = true;
  return spec;
}

OptionSpec OptionSpec::Length(size_t fewest_items, size_t most_items) const {
  OptionSpec spec = *this;
  spec.fewest = fewest_items;
  spec.most = most_items;
  return spec;
}

OptionSpec OptionSpec::Absent(AttrValue value) const {
  OptionSpec spec = *this;
  spec.before = std::move(value);
  return spec;
}

std::string Option::Expected() const {
  std::string text;
  for (const std::string& word : spec.words) {
    text += (text.empty() ? "one of \"" : ", \"") + word + "\"";
  }
  if (!text.empty()) return text + (spec.or_count ? ", or a whole number from 1 on" : "");
  text = IsList(type()) ? ListText(type(), spec) : TypeText(type());
  if (spec.range) text += RangeText(*spec.range);
  if (spec.or_value) text += ", or " + BoundText(*spec.or_value);
  return text;
}

Result<AttrValue> Option::Accept(AttrValue value, std::string_view shown) const {
  const std::string found = "'" + std::string(shown) + "' is " + OptionText(value);
  const bool whole = std::holds_alternative<int64_t>(value);
  if (whole && spec.or_count) value = OptionText(value);
  WidenTo(type(), &value);
  if (value.index() != default_value.index()) {
    return InvalidArgument(found + ", " + std::string(ArticleAndTypeName(value)) + "; expected " +
                           Expected());
  }
  ClearZeroSigns(&value);
  for (const double number : std::visit(NumbersOf{}, value)) {
    if (!std::isfinite(number)) {
      return InvalidArgument(found + ", which is not finite; expected " + Expected());
    }
    if (spec.range && !spec.range->Has(number) && !(spec.or_value && number == *spec.or_value)) {
      return InvalidArgument(found + ", out of range; expected " + Expected());
    }
  }
  if (IsList(type()) && !HasLength(spec, std::visit(LengthOf{}, value))) {
    return InvalidArgument(found + "; expected " + Expected());
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    const std::vector<std::string>& allowed = spec.words;
    const bool listed =
        allowed.empty() || std::find(allowed.begin(), allowed.end(), *text) != allowed.end();
    if (!listed && !(spec.or_count && IsCount(*text))) {
      const std::string nearest = NearestName(*text, allowed);
      return InvalidArgument(found + "; expected " + Expected() +
                             (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"));
    }
  }
  return value;
}

namespace {

template <typename T>
std::optional<T> NumberIn(std::string_view text) {
  T value{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string> Parts(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

template <typename T>
std::optional<AttrValue> NumbersIn(std::string_view text) {
  std::vector<T> numbers;
  for (const std::string& part : Parts(text)) {
    const auto number = NumberIn<T>(part);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

std::optional<AttrValue> ValueOf(OptionType type, std::string_view text) {
  switch (type) {
    case OptionType::kInteger:
      if (const auto number = NumberIn<int64_t>(text)) return *number;
      return std::nullopt;
    case OptionType::kFloat:
      if (const auto number = NumberIn<double>(text)) return *number;
      return std::nullopt;
    case OptionType::kBool:
      if (text == "true") return true;
      if (text == "false") return false;
      return std::nullopt;
    case OptionType::kString:
      return std::string(text);
    case OptionType::kStringList:
      return Parts(text);
    case OptionType::kIntegerList:
      return NumbersIn<int64_t>(text);
    case OptionType::kFloatList:
      return NumbersIn<double>(text);
  }
  return std::nullopt;
}

}  // namespace

Result<AttrValue> Option::Parse(std::string_view text, std::string_view shown) const {
  std::optional<AttrValue> value = ValueOf(type(), text);
  if (value) return Accept(*std::move(value), shown);
  return InvalidArgument("'" + std::string(shown) + "' is '" + std::string(text) + "', expected " +
                         Expected());
}

bool Option::operator==(const Option& other) const {
  return name == other.name && default_value == other.default_value && absent() == other.absent() &&
         Expected() == other.Expected() && std::string_view(spec.doc) == other.spec.doc;
}

const Option* OptionList::Find(std::string_view name) const {
  const auto found = std::find_if(options_.begin(), options_.end(),
                                  [name](const Option& option) { return option.name == name; });
  return found == options_.end() ? nullptr : &*found;
}

std::string OptionList::NamesText() const {
  std::string text;
  for (const Option& option : options_) text += (text.empty() ? "" : ", ") + option.name;
  return text.empty() ? "no options" : text;
}

Result<Attrs> OptionList::Complete(const Attrs& given, const std::string& owner) const {
  for (const auto& [name, value] : given.fields()) {
    if (Find(name) == nullptr) {
      return InvalidArgument(owner + " has no option '" + name + "'; it has " + NamesText());
    }
  }
  Attrs complete;
  for (const Option& option : options_) {
    const AttrValue* value = given.Find(option.name);
    Result<AttrValue> accepted = option.default_value;
    if (value != nullptr) accepted = option.Accept(*value, option.name);
    if (!accepted.ok()) return accepted.status().WithContext(owner);
    complete.Set(option.name, *std::move(accepted));
  }
  return complete;
}

std::string OptionText(const AttrValue& value) { return std::visit(ValueText{}, value); }

std::string_view ArticleAndTypeName(const AttrValue& value) {
  static constexpr std::string_view kNames[] = {
      "an integer",         "a float",           "a boolean",        "a string",
      "a list of integers", "a list of strings", "a list of numbers"};
  return kNames[value.index()];
}

}  // namespace lockstep
