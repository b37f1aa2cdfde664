// SPDX-License-Identifier: Apache-2.0
// Fuzz target (libFuzzer): any bytes as a checkpoint's manifest and as a generation file. Nothing
// would get past the hash by chance, so the bytes are also tried as what a hash was made for. What
// decodes encodes to the same bytes and names no file outside its folder.
#include <algorithm>

#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/generation.h"
#include "storage/json/hashed_json.h"

namespace lockstep::storage {
namespace {

void Try(const std::string& text) {
  if (const auto manifest = DecodeCheckpointManifest(text); manifest.ok()) {
    CHECK(EncodeCheckpointManifest(*manifest) == text) << text;
    for (const CheckpointFile& file : manifest->files) {
      CHECK(file.name.find('/') == std::string::npos && file.size >= 0) << file.name;
    }
    CHECK(CheckpointId::Parse(manifest->id.Name()) == manifest->id) << manifest->id.Name();
  }
  if (const auto info = DecodeGeneration(text); info.ok()) {
    CHECK(EncodeGeneration(*info) == text) << text;
  }
}

}  // namespace
}  // namespace lockstep::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lockstep::storage;  // NOLINT
  const std::string text(reinterpret_cast<const char*>(data), size);
  Try(text);
  nlohmann::json object = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  // A deep one would end the stack here, in the fuzz target, not in the decoder.
  const auto brackets =
      std::count_if(text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; });
  if (!object.is_object() || brackets > 1000 || object.contains("hash")) return 0;
  Try(HashedText(std::move(object)));
  return 0;
}
