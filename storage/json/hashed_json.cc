// SPDX-License-Identifier: Apache-2.0
#include "storage/json/hashed_json.h"

#include "base/hash.h"
#include "storage/json/strict_json.h"

namespace lockstep::storage {
namespace {

using nlohmann::json;

constexpr int kMostDepth = 8;  // ours have 3; dump() of a hostile depth would end the stack

std::string TextOf(const json& j) { return j.dump(1) + "\n"; }

bool DepthIsAllowed(int depth, json::parse_event_t, json&) {
  if (depth > kMostDepth) throw StrictJsonError("it is nested deeper than the format is");
  return true;
}

}  // namespace

std::string HashedText(json object) {
  object["hash"] = Hash128(TextOf(object)).ToHex();
  return TextOf(object);
}

json ParseHashed(std::string_view text) {
  json j = json::parse(text, DepthIsAllowed);
  const std::string stored = Hex128(j, "hash").ToHex();
  if (TextOf(j) != text) throw StrictJsonError("its text is not as it was written");
  j.erase("hash");
  const std::string computed = Hash128(TextOf(j)).ToHex();
  if (computed != stored) {
    throw StrictJsonError("its hash is " + computed + ", stored is " + stored);
  }
  return j;
}

Status OtherVersion(const HashedFormat& format, int64_t version) {
  return FailedPrecondition(
      "it has format version " + std::to_string(version) + "; this program reads version " +
      std::to_string(format.version) +
      (format.oldest > 0 ? " and back to " + std::to_string(format.oldest) : "") + ". " +
      format.remedy);
}

uint64_t HexField64(const json& object, const std::string& key) {
  uint64_t value = 0;
  if (!ParseHex64(Text(object, key), &value)) {
    throw StrictJsonError("'" + key + "' is not 16 hexadecimal digits");
  }
  return value;
}

bool BoolField(const json& object, const std::string& key) {
  const json& value = Field(object, key);
  if (!value.is_boolean()) throw StrictJsonError("'" + key + "' is not true or false");
  return value.get<bool>();
}

std::map<std::string, std::string> TextsField(const json& object, const std::string& key) {
  const json& value = Field(object, key);
  if (!value.is_object()) throw StrictJsonError("'" + key + "' is not an object");
  std::map<std::string, std::string> texts;
  for (const auto& [name, text] : value.items()) texts[name] = Text(value, name);
  return texts;
}

Status CheckUtf8(std::string_view what, const std::string& text) {
  try {
    (void)json(text).dump();
    return {};
  } catch (const json::exception& e) {
    return InvalidArgument(std::string(what) + " is not UTF-8: " + e.what());
  }
}

}  // namespace lockstep::storage
