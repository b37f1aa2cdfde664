// SPDX-License-Identifier: Apache-2.0
// Fuzz target (libFuzzer): any bytes as a Pascal VOC annotation.
#include <cstdint>

#include "base/check.h"
#include "storage/importers/voc/voc_annotation.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto annotation = lockstep::storage::ParseVoc({reinterpret_cast<const char*>(data), size});
  if (!annotation.ok()) return 0;
  CHECK(annotation->height >= 0 && annotation->width >= 0);
  for (const lockstep::storage::VocObject& object : annotation->objects) {
    CHECK(object.x1 < object.x2 && object.y1 < object.y2);
    CHECK(!object.name.empty());
  }
  return 0;
}
