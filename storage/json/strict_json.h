// SPDX-License-Identifier: Apache-2.0
// Fields of a JSON object, of exactly the type asked for: a number is never made from a text or a
// fraction. Internal to storage; throws StrictJsonError, which its readers catch.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/hash.h"

namespace lockstep::storage {

class StrictJsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline const nlohmann::json& Field(const nlohmann::json& object, const std::string& key) {
  if (!object.is_object()) throw StrictJsonError("an object was expected");
  const auto it = object.find(key);
  if (it == object.end()) throw StrictJsonError("there is no '" + key + "'");
  return *it;
}

inline std::string Text(const nlohmann::json& object, const std::string& key) {
  const auto& value = Field(object, key);
  if (!value.is_string()) throw StrictJsonError("'" + key + "' is not a text");
  return value.get<std::string>();
}

inline int64_t Integer(const nlohmann::json& object, const std::string& key) {
  const auto& value = Field(object, key);
  if (!value.is_number_unsigned() || value.get<uint64_t>() > INT64_MAX) {
    throw StrictJsonError("'" + key + "' is not an integer from 0");
  }
  return value.get<int64_t>();
}

inline const nlohmann::json& Array(const nlohmann::json& object, const std::string& key) {
  const auto& value = Field(object, key);
  if (!value.is_array()) throw StrictJsonError("'" + key + "' is not a list");
  return value;
}

inline std::vector<std::string> Strings(const nlohmann::json& object, const std::string& key) {
  std::vector<std::string> texts;
  for (const auto& value : Array(object, key)) {
    if (!value.is_string()) throw StrictJsonError("'" + key + "' holds more than texts");
    texts.push_back(value.get<std::string>());
  }
  return texts;
}

inline std::vector<double> Numbers(const nlohmann::json& object, const std::string& key) {
  std::vector<double> numbers;
  for (const auto& value : Array(object, key)) {
    if (!value.is_number()) throw StrictJsonError("'" + key + "' holds more than numbers");
    numbers.push_back(value.get<double>());
  }
  return numbers;
}

inline Hash128Value Hex128(const nlohmann::json& object, const std::string& key) {
  Hash128Value hash;
  if (!ParseHex128(Text(object, key), &hash)) {
    throw StrictJsonError("'" + key + "' is not 32 hexadecimal digits");
  }
  return hash;
}

}  // namespace lockstep::storage
