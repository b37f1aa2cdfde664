// SPDX-License-Identifier: Apache-2.0
// The orientation that EXIF data give an image (EXIF 2.32, tag 0x0112 of the first directory).
#pragma once

#include <string_view>

namespace lockstep::storage {

// `tiff` is the EXIF block from its byte order mark on. 1 to 8; 1 where the block is damaged, has
// no orientation, or has one that is no single SHORT or LONG from 1 to 8. Where the tag stands more
// than once the last one counts.
int ExifOrientation(std::string_view tiff);

}  // namespace lockstep::storage
