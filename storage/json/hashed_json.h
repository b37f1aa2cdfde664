// SPDX-License-Identifier: Apache-2.0
// JSON that carries its own hash: keys sorted, indented by one space, a newline at the end, and
// under "hash" the XXH3-128 of that text without "hash". What every manifest of ours is. Heavy:
// included by .cc files that write or read such a text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/status.h"
#include "storage/json/strict_json.h"

namespace lockstep::storage {

// Adds the hash. All texts in it are UTF-8 (CheckUtf8).
std::string HashedText(nlohmann::json object);

// The object without its hash. Throws StrictJsonError or nlohmann::json::exception where the text
// is not byte for byte what HashedText makes.
nlohmann::json ParseHashed(std::string_view text);

struct HashedFormat {
  const char* name;
  int64_t version;     // that is written
  const char* remedy;  // of a text of another version
  int64_t oldest = 0;  // version that is read too; 0: none is
  bool Reads(int64_t other) const {
    return other == version || (oldest > 0 && other >= oldest && other < version);
  }
};

// Failed-precondition, with what is read and the remedy.
Status OtherVersion(const HashedFormat& format, int64_t version);

// What `from_json` (which may throw as ParseHashed) makes of an intact text of this format and
// version. Data-loss unless `encode` gives it back byte for byte; failed-precondition for another
// version.
template <typename T>
Result<T> DecodeHashed(std::string_view text, const HashedFormat& format,
                       T (*from_json)(const nlohmann::json&), std::string (*encode)(const T&)) {
  try {
    const nlohmann::json j = ParseHashed(text);
    if (Text(j, "format") != format.name) throw StrictJsonError("it is of another format");
    if (const int64_t version = Integer(j, "version"); !format.Reads(version)) {
      return OtherVersion(format, version);
    }
    T value = from_json(j);
    if (encode(value) != text) throw StrictJsonError("it holds a key that is not of this format");
    return value;
  } catch (const nlohmann::json::exception& e) {
    return DataLoss(e.what());
  } catch (const StrictJsonError& e) {
    return DataLoss(e.what());
  }
}

uint64_t HexField64(const nlohmann::json& object, const std::string& key);  // throws as ParseHashed
bool BoolField(const nlohmann::json& object, const std::string& key);
std::map<std::string, std::string> TextsField(const nlohmann::json& object, const std::string& key);

// Invalid-argument naming `what` unless `text` is UTF-8: JSON holds nothing else.
Status CheckUtf8(std::string_view what, const std::string& text);

}  // namespace lockstep::storage
