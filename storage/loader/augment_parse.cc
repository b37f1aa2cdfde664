// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/augment_parse.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/check.h"
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
  if (option.type() == OptionType::kString) return AttrValue(text);
  CHECK(option.type() == OptionType::kInteger && option.spec.range) << option.name;
  const std::optional<int64_t> number = ParseAll<int64_t>(text);
  if (number && option.spec.range->Has(static_cast<double>(*number))) return AttrValue(*number);
  return Error(what + " is '" + text + "', expected a whole number from " +
               std::to_string(static_cast<int64_t>(option.spec.range->low)) + " to " +
               std::to_string(static_cast<int64_t>(option.spec.range->high)));
}

Result<Attrs> AugmentCall::Given(const AugmentKind& kind) const {
  RETURN_IF_ERROR(CheckForm(kind));
  Attrs given;
  const auto& options = kind.options.options();
  for (size_t i = 0; i < options.size(); ++i) {
    const Option& option = options[i];
    const bool by_place = i < kind.values;
    if (!by_place && !Has(option.name)) continue;
    ASSIGN_OR_RETURN(AttrValue value,
                     ParseValue(option, by_place ? values_[i] : named_.at(option.name),
                                by_place ? "the " + option.name : "'" + option.name + "'"));
    given.Set(option.name, std::move(value));
  }
  return kind.options.Complete(given, "augmentation '" + text_ + "'");
}

Result<std::vector<double>> AugmentCall::Numbers(const std::string& key,
                                                 const std::string& text) const {
  std::vector<double> numbers;
  for (const std::string& part : SplitAt(text, ',')) {
    const std::optional<double> number = ParseAll<double>(part);
    if (!number || !std::isfinite(*number)) {
      return Error("'" + key + "' has '" + part + "', expected a finite number, or one a channel " +
                   "separated by commas, such as " + key + "=0.5");
    }
    numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace lockstep::storage
