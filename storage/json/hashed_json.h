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

// The object without its hash. Throws StrictJsonError or nlohmann::json::exception where the text
// is not byte for byte what HashedText makes.
nlohmann::json ParseHashed(std::string_view text);

struct HashedFormat {
  const char* name;
  int64_t version;
  const char* remedy;  // of a text of another version
};

// What `from_json` (which may throw as ParseHashed) makes of an intact text of this format and
// version. Fails with data-loss unless `encode` gives the text back byte for byte, and with
// failed-precondition for another version.
template <typename T>
Result<T> DecodeHashed(std::string_view text, const HashedFormat& format,
                       T (*from_json)(const nlohmann::json&), std::string (*encode)(const T&)) {
  try {
    const nlohmann::json j = ParseHashed(text);
    if (Text(j, "format") != format.name) throw StrictJsonError("it is of another format");
    if (const int64_t version = Integer(j, "version"); version != format.version) {
      return FailedPrecondition("it has format version " + std::to_string(version) +
                                "; this program reads version " + std::to_string(format.version) +
                                ". " + format.remedy);
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

// Fails with invalid-argument, naming `what`, unless `text` is UTF-8: JSON holds nothing else.
Status CheckUtf8(std::string_view what, const std::string& text);

}  // namespace lockstep::storage
