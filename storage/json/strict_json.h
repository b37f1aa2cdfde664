// SPDX-License-Identifier: Apache-2.0
// JsonObject: the fields of a JSON object, each of exactly the type asked for: a number is never
// made from a text or a fraction. The first field that is missing or of another type is the problem
// that sticks; what is read after it is empty, so a reader of a format asks for all its fields and
// looks at the problem once. Heavy: included by .cc files that read such a text.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"

namespace lockstep::storage {

class JsonObject {
 public:
  // Both outlive this and what Objects gives. `problem` is OK at first; data-loss is put there.
  JsonObject(const nlohmann::json& value, Status* problem) : value_(&value), problem_(problem) {}

  // Null where there is none.
  const nlohmann::json& Field(const std::string& key) const;

  std::string Text(const std::string& key) const;
  int64_t Integer(const std::string& key) const;    // from 0
  int32_t Integer32(const std::string& key) const;  // from 0
  double Fraction(const std::string& key) const;    // written as one: "1.0"
  bool Bool(const std::string& key) const;
  uint64_t Hex64(const std::string& key) const;  // 16 digits
  Hash128Value Hex128(const std::string& key) const;
  std::vector<std::string> Texts(const std::string& key) const;
  std::map<std::string, std::string> TextByName(const std::string& key) const;
  std::vector<double> Numbers(const std::string& key) const;
  // The elements of a list; one that is no object is a problem once a field of it is read.
  std::vector<JsonObject> Objects(const std::string& key) const;

 private:
  const nlohmann::json& Array(const std::string& key) const;
  void Refuse(const std::string& why) const;

  const nlohmann::json* value_;
  Status* problem_;
};

}  // namespace lockstep::storage
