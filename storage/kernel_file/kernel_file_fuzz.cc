// SPDX-License-Identifier: Apache-2.0
// Fuzz target (libFuzzer): any bytes as a kernel file. Nothing would get past the hash by chance,
// so the bytes are also tried as what a hash was made for. What decodes encodes to the same bytes.
#include <algorithm>

#include "base/check.h"
#include "storage/json/hashed_json.h"
#include "storage/kernel_file/kernel_file.h"

namespace lockstep::storage {
namespace {

void Try(const std::string& text) {
  const Result<KernelFile> file = DecodeKernelFile(text);
  if (!file.ok()) return;
  const Result<std::string> again = EncodeKernelFile(*file);
  CHECK(again.ok()) << again.status().ToString();
  CHECK(*again == text) << text;
  CHECK_GE(file->threads, 1);
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
