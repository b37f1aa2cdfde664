// SPDX-License-Identifier: Apache-2.0
// JSON that carries its own hash: keys sorted, indented by one space, a newline at the end, and
// under "hash" the XXH3-128 of that text without "hash". Every manifest of ours is such a text. The
// header is heavy: only .cc files that write or read such a text include it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/status.h"
#include "storage/json/strict_json.h"

namespace lockstep::storage {

// Adds the hash. All texts in it are UTF-8 (CheckUtf8).
std::string HashedText(nlohmann::json object);

// The object without its hash. Data-loss where the text is not byte for byte what HashedText makes.
Result<nlohmann::json> ParseHashed(std::string_view text);

// Any JSON; data-loss, in the library's words, where it is none.
Result<nlohmann::json> ParseJson(std::string_view text);

struct HashedFormat {
  const char* name;
  int64_t version;     // that is written
  const char* remedy;  // of a text of another version
  int64_t oldest = 0;  // version that is read too; 0: none is
  bool Reads(int64_t other) const {
    return other == version || (oldest > 0 && other >= oldest && other < version);
  }
};

// Data-loss where the object is of another format, failed-precondition for a version of it
// that is not read.
Status CheckFormat(const JsonObject& object, const HashedFormat& format);

// What `from_json` makes of an intact text of this format and version; what it refuses is data-loss
// too. Fails with data-loss unless `encode` gives the text back byte for byte, and with
// failed-precondition for another version.
template <typename T>
Result<T> DecodeHashed(std::string_view text, const HashedFormat& format,
                       Result<T> (*from_json)(const JsonObject&), std::string (*encode)(const T&)) {
  ASSIGN_OR_RETURN(const nlohmann::json json, ParseHashed(text));
  Status problem;
  const JsonObject object(json, &problem);
  const Status fits = CheckFormat(object, format);
  RETURN_IF_ERROR(problem);
  RETURN_IF_ERROR(fits);
  Result<T> value = from_json(object);
  RETURN_IF_ERROR(problem);  // came before what from_json made of it
  if (value.ok() && encode(*value) != text) {
    return DataLoss("it holds a key that is not of this format");
  }
  return value;
}

// Fails with invalid-argument, naming `what`, unless `text` is UTF-8: JSON holds nothing else.
Status CheckUtf8(std::string_view what, const std::string& text);

}  // namespace lockstep::storage
