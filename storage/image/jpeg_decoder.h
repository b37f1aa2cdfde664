// SPDX-License-Identifier: Apache-2.0
// JPEG for ImageDecoder, by libjpeg-turbo; nobody else includes this. jpeg_decoder.cc alone
// includes the library.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "storage/image/row_sink.h"

namespace lockstep::storage {

// Puts the rows of sink.stored(). `rows` is memory to work in.
Status DecodeJpeg(std::string_view bytes, const ImageHeader& header, const RowSink& sink,
                  std::vector<uint8_t>* rows);

}  // namespace lockstep::storage
