// SPDX-License-Identifier: Apache-2.0
// Fuzz target (libFuzzer): any bytes as an idx file, plain or gzip.
#include "storage/importers/idx/idx_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const int rank : {1, 3, 4}) {
    const auto array = lockstep::storage::ParseIdx(bytes, "input", rank);
    if (!array.ok()) continue;
    size_t elements = 1;
    for (const int64_t d : array->dims) elements *= static_cast<size_t>(d);
    CHECK_EQ(elements, array->values.size());
  }
  return 0;
}
