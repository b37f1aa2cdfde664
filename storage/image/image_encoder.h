// SPDX-License-Identifier: Apache-2.0
// PNG files of pixels, to look at and for tests.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "storage/image/image.h"

namespace lockstep::storage {

// The bytes of a PNG of 8 bits a value: `pixels` are H W C with 1 (grey) or 3 (red, green, blue)
// channels. The same pixels give the same bytes with the same versions of libpng and zlib. Fails
// with invalid-argument where the size is none, or one that ReadImageHeader would not read.
Result<std::string> EncodePng(const uint8_t* pixels, const ImageSize& size);

}  // namespace lockstep::storage
