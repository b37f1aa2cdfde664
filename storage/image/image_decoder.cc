// SPDX-License-Identifier: Apache-2.0
#include "storage/image/image_decoder.h"

#include "base/exceptions.h"
#include "storage/image/jpeg_decoder.h"
#include "storage/image/png_decoder.h"

namespace lockstep::storage {
namespace {

void CheckWindow(const ImageHeader& header, const Window& window) {
  CHECK_GT(window.height, 0);
  CHECK_GT(window.width, 0);
  CHECK_GE(window.top, 0);
  CHECK_GE(window.left, 0);
  CHECK_LE(window.top, header.height - window.height);
  CHECK_LE(window.left, header.width - window.width);
}

}  // namespace

Status ImageDecoder::Decode(std::string_view bytes, const ImageHeader& header, int64_t channels,
                            const Window& window, uint8_t* out) {
  CHECK(channels == 1 || channels == 3)
      << "an image is decoded to 1 or 3 channels, not " << channels;
  CheckWindow(header, window);
  const RowSink sink(header, window, channels, out);
  return CatchAll("decoding an image", [&] {
    return header.format == ImageFormat::kJpeg ? DecodeJpeg(bytes, header, sink, &rows_)
                                               : DecodePng(bytes, header, sink, &rows_);
  });
}

Status ImageDecoder::Decode(std::string_view bytes, const ImageHeader& header, int64_t channels,
                            uint8_t* out) {
  return Decode(bytes, header, channels, {0, 0, header.height, header.width}, out);
}

Status ImageDecoder::DecodeMask(std::string_view bytes, const ImageHeader& header,
                                const Window& window, void* out) {
  RETURN_IF_ERROR(MaskStatus(header));
  CheckWindow(header, window);
  return CatchAll("decoding a mask",
                  [&] { return DecodePngValues(bytes, header, window, out, &rows_); });
}

Status MaskStatus(const ImageHeader& header) {
  const std::string remedy =
      ", and the values of a mask are read from a PNG of grey values or of palette indices. Save "
      "it as such a PNG: mode \"L\", \"P\" or \"I;16\" of Pillow";
  if (header.format != ImageFormat::kPng) return DataLoss("the mask is a JPEG" + remedy);
  if (!header.palette && !header.grey) return DataLoss("the mask is a PNG of colours" + remedy);
  if (header.grey && header.alpha) return DataLoss("the mask has transparency" + remedy);
  return {};
}

}  // namespace lockstep::storage
