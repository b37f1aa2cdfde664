// SPDX-License-Identifier: Apache-2.0
// PNG for ImageDecoder, by libpng; nobody else includes this.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "storage/image/row_sink.h"

namespace lockstep::storage {

// Puts the rows of sink.stored(). `rows` is memory to work in.
Status DecodePng(std::string_view bytes, const ImageHeader& header, const RowSink& sink,
                 std::vector<uint8_t>* rows);

// The values of a mask (ImageDecoder::DecodeMask). MaskStatus(header) is OK.
Status DecodePngValues(std::string_view bytes, const ImageHeader& header, const Window& window,
                       void* out, std::vector<uint8_t>* rows);

}  // namespace lockstep::storage
