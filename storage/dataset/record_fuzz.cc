// SPDX-License-Identifier: Apache-2.0
// Fuzz target (libFuzzer): any bytes as a record. The checksum is put right first, so that what
// lies behind it is reached; a record that decodes must encode to the same bytes.
#include <string>

#include "base/hash.h"
#include "storage/dataset/record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lockstep;           // NOLINT
  using namespace lockstep::storage;  // NOLINT
  std::string bytes(reinterpret_cast<const char*>(data), size);
  const SampleId id(5);
  (void)DecodeRecord(id, bytes).status();
  if (size < 8) return 0;
  Hasher hasher;
  hasher.UpdateU64(id.value);
  hasher.Update(std::string_view(bytes).substr(8));
  const uint64_t checksum = hasher.Digest64();
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(checksum >> (8 * i));
  const auto record = DecodeRecord(id, bytes);
  if (record.ok()) CHECK(EncodeRecord(*record) == bytes);
  return 0;
}
