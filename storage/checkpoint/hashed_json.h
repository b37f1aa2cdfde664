// SPDX-License-Identifier: Apache-2.0
// JSON that carries its own hash: keys sorted, indented by one space, a newline at the end, and
// under "hash" the XXH3-128 of that text without "hash". Internal to storage/checkpoint.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lockstep::storage {

// Adds the hash. All texts in it are UTF-8 (CheckUtf8).
std::string HashedText(nlohmann::json object);

// The object without its hash. Throws StrictJsonError or nlohmann::json::exception where the text
// is not byte for byte what HashedText makes.
nlohmann::json ParseHashed(std::string_view text);

uint64_t HexField64(const nlohmann::json& object, const std::string& key);  // throws as ParseHashed
bool BoolField(const nlohmann::json& object, const std::string& key);
std::map<std::string, std::string> TextsField(const nlohmann::json& object, const std::string& key);

// Invalid-argument naming `what` unless `text` is UTF-8: JSON holds nothing else.
Status CheckUtf8(std::string_view what, const std::string& text);

}  // namespace lockstep::storage
