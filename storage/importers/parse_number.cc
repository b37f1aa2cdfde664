// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/parse_number.h"

#include <charconv>
#include <cmath>
#include <system_error>

namespace lockstep::storage {

std::string_view WithoutSpaces(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

std::optional<float> ParseFloat(std::string_view text) {
  text = WithoutSpaces(text);
  float value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<int64_t> ParseCount(std::string_view text, int64_t most) {
  text = WithoutSpaces(text);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (text[0] == '-' || value > most) return std::nullopt;
  return value;
}

}  // namespace lockstep::storage
