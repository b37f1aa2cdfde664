// SPDX-License-Identifier: Apache-2.0
#include "storage/json/hashed_json.h"

#include "base/hash.h"

namespace lockstep::storage {
namespace {

using nlohmann::json;

constexpr int kMostDepth = 8;  // ours have 3; dump() of a hostile depth would end the stack

std::string TextOf(const json& j) { return j.dump(1) + "\n"; }

Result<json> Parse(std::string_view text, const json::parser_callback_t& callback) {
  try {
    return json::parse(text, callback);
  } catch (const json::exception& e) {
    return DataLoss(e.what());
  }
}

}  // namespace

std::string HashedText(json object) {
  object["hash"] = Hash128(TextOf(object)).ToHex();
  return TextOf(object);
}

Result<json> ParseJson(std::string_view text) { return Parse(text, nullptr); }

Result<json> ParseHashed(std::string_view text) {
  bool too_deep = false;
  Result<json> parsed = Parse(text, [&](int depth, json::parse_event_t, json&) {
    too_deep |= depth > kMostDepth;
    return !too_deep;  // what is deeper is left out
  });
  if (too_deep) return DataLoss("it is nested deeper than the format is");
  if (!parsed.ok()) return parsed;
  Status problem;
  const std::string stored = JsonObject(*parsed, &problem).Hex128("hash").ToHex();
  RETURN_IF_ERROR(problem);
  if (TextOf(*parsed) != text) return DataLoss("its text is not as it was written");
  parsed->erase("hash");
  const std::string computed = Hash128(TextOf(*parsed)).ToHex();
  if (computed != stored) return DataLoss("its hash is " + computed + ", stored is " + stored);
  return parsed;
}

Status CheckFormat(const JsonObject& object, const HashedFormat& format) {
  if (object.Text("format") != format.name) return DataLoss("it is of another format");
  const int64_t version = object.Integer("version");
  if (format.Reads(version)) return OkStatus();
  return FailedPrecondition(
      "it has format version " + std::to_string(version) + "; this program reads version " +
      std::to_string(format.version) +
      (format.oldest > 0 ? " and back to " + std::to_string(format.oldest) : "") + ". " +
      format.remedy);
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
