// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/call.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "base/suggest.h"

namespace lockstep::storage {
namespace {

std::vector<std::string> SplitAt(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

template <typename T>
std::optional<T> ParseAll(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

template <typename T>
std::optional<AttrValue> ParseNumber(const std::string& text) {
  const std::optional<T> number = ParseAll<T>(text);
  return number ? std::optional<AttrValue>(*number) : std::nullopt;
}

template <typename T>
std::optional<AttrValue> ParseNumbers(const std::string& text) {
  std::vector<T> numbers;
  for (const std::string& part : SplitAt(text, ',')) {
    const std::optional<T> number = ParseAll<T>(part);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  return AttrValue(std::move(numbers));
}

std::optional<AttrValue> ParseAs(OptionType type, const std::string& text) {
  switch (type) {
    case OptionType::kInteger:
      return ParseNumber<int64_t>(text);
    case OptionType::kFloat:
      return ParseNumber<double>(text);
    case OptionType::kIntegerList:
      return ParseNumbers<int64_t>(text);
    case OptionType::kFloatList:
      return ParseNumbers<double>(text);
    case OptionType::kBool:
      if (text != "true" && text != "false") return std::nullopt;
      return AttrValue(text == "true");
    case OptionType::kString:
      return AttrValue(text);
    case OptionType::kStringList:
      return AttrValue(SplitAt(text, ','));
  }
  return std::nullopt;
}

}  // namespace

Result<AugmentCall> AugmentCall::Parse(std::string_view text, size_t index) {
  AugmentCall call;
  call.index_ = index;
  call.text_ = text;
  const std::vector<std::string> parts = SplitAt(text, ':');
  call.name_ = parts[0];
  for (size_t i = 1; i < parts.size(); ++i) {
    const size_t equals = parts[i].find('=');
    if (equals == std::string::npos) {
      call.values_.push_back(parts[i]);
      continue;
    }
    const std::string key = parts[i].substr(0, equals);
    if (!call.named_.emplace(key, parts[i].substr(equals + 1)).second) {
      return call.Error("'" + key + "' is given twice");
    }
  }
  return call;
}

Status AugmentCall::Error(std::string message) const {
  return InvalidArgument("augmentation '" + text_ + "' (number " + std::to_string(index_ + 1) +
                         " of the list): " + message);
}

Status AugmentCall::CheckForm(const AugmentKind& kind) const {
  std::vector<std::string> keys;
  const auto& options = kind.options.options();
  for (size_t i = kind.values; i < options.size(); ++i) keys.push_back(options[i].name);
  for (const auto& [key, value] : named_) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    return Error("unknown key '" + key + "'" + (keys.empty() ? "" : Suggestion(key, keys)) +
                 "; expected " + kind.Form());
  }
  if (values_.size() != kind.values) {
    return Error("has " + std::to_string(values_.size()) + " values, expected " + kind.Form());
  }
  return OkStatus();
}

Result<AttrValue> AugmentCall::ParseValue(const Option& option, const std::string& text,
                                          const std::string& what) const {
  const std::optional<AttrValue> value = ParseAs(option.type(), text);
  if (value) {
    Result<AttrValue> accepted = option.Accept(*value, option.name);
    if (accepted.ok()) return accepted;
  }
  const std::string nearest = NearestName(text, option.spec.words);
  const bool list =
      option.type() == OptionType::kIntegerList || option.type() == OptionType::kFloatList;
  return Error(what + " is '" + text + "', expected " + option.Expected() +
               (list ? ", separated by commas" : "") +
               (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
}

Result<Attrs> AugmentCall::Options(const AugmentKind& kind) const {
  RETURN_IF_ERROR(CheckForm(kind));
  Attrs given;
  const auto& options = kind.options.options();
  for (size_t i = 0; i < options.size(); ++i) {
    const Option& option = options[i];
    const bool by_place = i < kind.values;
    const auto named = named_.find(option.name);
    if (!by_place && named == named_.end()) continue;
    ASSIGN_OR_RETURN(AttrValue value,
                     ParseValue(option, by_place ? values_[i] : named->second,
                                by_place ? "the " + option.name : "'" + option.name + "'"));
    given.Set(option.name, std::move(value));
  }
  return kind.options.Complete(given, "augmentation '" + text_ + "'");
}

}  // namespace lockstep::storage
