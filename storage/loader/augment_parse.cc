// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/augment_parse.h"

#include <algorithm>
#include <charconv>
#include <cmath>

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

Status AugmentCall::CheckForm(size_t count, const std::vector<std::string>& keys,
                              std::string_view usage) const {
  for (const auto& [key, value] : named_) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    return Error("unknown key '" + key + "'" + (keys.empty() ? "" : Suggestion(key, keys)) +
                 "; expected " + std::string(usage));
  }
  if (values_.size() != count) {
    return Error("has " + std::to_string(values_.size()) + " values, expected " +
                 std::string(usage));
  }
  return OkStatus();
}

Result<int64_t> AugmentCall::ParseInteger(const std::string& value, std::string_view what,
                                          int64_t least, int64_t most) const {
  const std::optional<int64_t> number = ParseAll<int64_t>(value);
  if (!number || *number < least || *number > most) {
    return Error(std::string(what) + " is '" + value + "', expected a whole number from " +
                 std::to_string(least) + " to " + std::to_string(most));
  }
  return *number;
}

Result<int64_t> AugmentCall::Integer(size_t i, std::string_view what, int64_t least,
                                     int64_t most) const {
  CHECK_LT(i, values_.size()) << "CheckForm comes first";
  return ParseInteger(values_[i], what, least, most);
}

Result<int64_t> AugmentCall::Integer(const std::string& key, int64_t least, int64_t most) const {
  CHECK(Has(key)) << key;
  return ParseInteger(named_.at(key), "'" + key + "'", least, most);
}

Result<std::vector<double>> AugmentCall::Numbers(const std::string& key) const {
  CHECK(Has(key)) << key;
  std::vector<double> numbers;
  for (const std::string& part : SplitAt(named_.at(key), ',')) {
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
