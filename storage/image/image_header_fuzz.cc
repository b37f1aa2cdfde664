// SPDX-License-Identifier: Apache-2.0
// Fuzz target (libFuzzer): any bytes as an image file, of which the header alone is read.
#include "base/sample/schema.h"
#include "storage/image/image_header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lockstep::storage;  // NOLINT: one function
  const auto header = ReadImageHeader({reinterpret_cast<const char*>(data), size});
  if (!header.ok()) {
    CHECK(header.status().code() == lockstep::StatusCode::kDataLoss);
    return 0;
  }
  CHECK_GT(header->height, 0);
  CHECK_GT(header->width, 0);
  CHECK_LE(header->height, lockstep::kMaxPixels / header->width);
  CHECK(header->orientation >= 1 && header->orientation <= 8);
  const ImageSize stored = StoredSize(*header, 3);
  CHECK_EQ(stored.height * stored.width, header->height * header->width);
  return 0;
}
