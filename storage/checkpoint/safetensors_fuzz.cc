// SPDX-License-Identifier: Apache-2.0
// Fuzz target (libFuzzer): any bytes as a safetensors file. What parses is written and read again.
#include "storage/checkpoint/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lockstep::storage;  // NOLINT
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto file = SafetensorsFile::Parse(bytes, "input");
  if (!file.ok()) return 0;
  uint64_t sum = 0;  // touches every byte of every tensor
  for (const TensorView& t : file->tensors()) {
    for (int64_t i = 0; i < t.type.bytes(); ++i) sum += static_cast<const uint8_t*>(t.data)[i];
  }
  const auto again = SerializeSafetensors(file->tensors(), file->metadata());
  CHECK(again.ok()) << again.status() << sum;
  const auto reread = SafetensorsFile::Parse(*again, "written");
  CHECK(reread.ok()) << reread.status();
  CHECK_EQ(reread->tensors().size(), file->tensors().size());
  return 0;
}
