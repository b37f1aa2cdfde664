// SPDX-License-Identifier: Apache-2.0
#include "storage/json/strict_json.h"

#include <limits>

namespace lockstep::storage {

using nlohmann::json;

void JsonObject::Refuse(const std::string& why) const {
  if (problem_->ok()) *problem_ = DataLoss(why);
}

const json& JsonObject::Field(const std::string& key) const {
  static const json kNothing;
  if (!value_->is_object()) {
    Refuse("an object was expected");
    return kNothing;
  }
  const auto it = value_->find(key);
  if (it != value_->end()) return *it;
  Refuse("there is no '" + key + "'");
  return kNothing;
}

std::string JsonObject::Text(const std::string& key) const {
  const json& value = Field(key);
  if (value.is_string()) return value.get<std::string>();
  Refuse("'" + key + "' is not a text");
  return {};
}

int64_t JsonObject::Integer(const std::string& key) const {
  const json& value = Field(key);
  if (value.is_number_unsigned() && value.get<uint64_t>() <= INT64_MAX) {
    return value.get<int64_t>();
  }
  Refuse("'" + key + "' is not an integer from 0");
  return 0;
}

int32_t JsonObject::Integer32(const std::string& key) const {
  const int64_t value = Integer(key);
  if (value <= std::numeric_limits<int32_t>::max()) return static_cast<int32_t>(value);
  Refuse("'" + key + "' is beyond 2^31");
  return 0;
}

double JsonObject::Fraction(const std::string& key) const {
  const json& value = Field(key);
  if (value.is_number_float()) return value.get<double>();
  Refuse("'" + key + "' is not a number");
  return 0.0;
}

bool JsonObject::Bool(const std::string& key) const {
  const json& value = Field(key);
  if (value.is_boolean()) return value.get<bool>();
  Refuse("'" + key + "' is not true or false");
  return false;
}

uint64_t JsonObject::Hex64(const std::string& key) const {
  uint64_t value = 0;
  if (!ParseHex64(Text(key), &value)) Refuse("'" + key + "' is not 16 hexadecimal digits");
  return value;
}

Hash128Value JsonObject::Hex128(const std::string& key) const {
  Hash128Value hash;
  if (!ParseHex128(Text(key), &hash)) Refuse("'" + key + "' is not 32 hexadecimal digits");
  return hash;
}

const json& JsonObject::Array(const std::string& key) const {
  static const json kEmpty = json::array();
  const json& value = Field(key);
  if (value.is_array()) return value;
  Refuse("'" + key + "' is not a list");
  return kEmpty;
}

std::vector<std::string> JsonObject::Texts(const std::string& key) const {
  std::vector<std::string> texts;
  for (const json& value : Array(key)) {
    if (value.is_string()) {
      texts.push_back(value.get<std::string>());
    } else {
      Refuse("'" + key + "' holds more than texts");
    }
  }
  return texts;
}

std::map<std::string, std::string> JsonObject::TextByName(const std::string& key) const {
  const json& value = Field(key);
  std::map<std::string, std::string> texts;
  if (!value.is_object()) {
    Refuse("'" + key + "' is not an object");
    return texts;
  }
  const JsonObject object(value, problem_);
  for (const auto& [name, text] : value.items()) texts[name] = object.Text(name);
  return texts;
}

std::vector<double> JsonObject::Numbers(const std::string& key) const {
  std::vector<double> numbers;
  for (const json& value : Array(key)) {
    if (value.is_number()) {
      numbers.push_back(value.get<double>());
    } else {
      Refuse("'" + key + "' holds more than numbers");
    }
  }
  return numbers;
}

std::vector<JsonObject> JsonObject::Objects(const std::string& key) const {
  std::vector<JsonObject> objects;
  for (const json& value : Array(key)) objects.emplace_back(value, problem_);
  return objects;
}

}  // namespace lockstep::storage
