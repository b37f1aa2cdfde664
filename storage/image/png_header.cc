// SPDX-License-Identifier: Apache-2.0
// The chunks of a PNG file (PNG specification, third edition).
#include "storage/image/exif.h"
#include "storage/image/header_parsers.h"

namespace lockstep::storage {
namespace {

struct Chunk {
  std::string_view type;
  std::string_view data;
};

Status CutShort(std::string_view bytes) {
  return DataLoss("the PNG is cut short: its header does not end within the " +
                  std::to_string(bytes.size()) + " bytes that there are. Fetch it again");
}

// The chunk at *at, which moves behind it; false where no whole chunk is there.
bool NextChunk(std::string_view bytes, size_t* at, Chunk* chunk) {
  constexpr size_t kAround = 12;  // length, type and checksum
  if (bytes.size() - *at < kAround) return false;
  const size_t length = BigEndian(bytes, *at, 4);
  if (length > bytes.size() - *at - kAround) return false;
  *chunk = {bytes.substr(*at + 4, 4), bytes.substr(*at + 8, length)};
  *at += kAround + length;
  return true;
}

bool IsColourAndDepth(uint32_t colour, uint32_t depth) {
  switch (colour) {
    case 0:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case 3:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    case 2:
    case 4:
    case 6:
      return depth == 8 || depth == 16;
    default:
      return false;
  }
}

Status ReadImageChunk(std::string_view data, ImageHeader* header) {
  if (data.size() != 13) {
    return DataLoss("the first chunk (IHDR) of the PNG has " + std::to_string(data.size()) +
                    " bytes instead of 13. Fetch it again");
  }
  const int64_t width = BigEndian(data, 0, 4), height = BigEndian(data, 4, 4);
  const uint32_t depth = BigEndian(data, 8, 1), colour = BigEndian(data, 9, 1);
  if (!IsColourAndDepth(colour, depth)) {
    return DataLoss("the PNG says that it has colour type " + std::to_string(colour) + " with " +
                    std::to_string(depth) + " bits, which PNG does not have. Fetch it again");
  }
  RETURN_IF_ERROR(CheckPngSize(height, width));
  header->format = ImageFormat::kPng;
  header->grey = colour == 0 || colour == 4;
  header->palette = colour == 3;
  header->alpha = colour == 4 || colour == 6;
  header->sixteen_bit = depth == 16;
  SetOrientedSize(1, height, width, header);
  return {};
}

}  // namespace

Status CheckPngSize(int64_t height, int64_t width) {
  constexpr int64_t kMaxSide = 1'000'000;  // libpng's own
  RETURN_IF_ERROR(CheckStoredSize("PNG", height, width));
  if (height <= kMaxSide && width <= kMaxSide) return {};
  return DataLoss("the PNG has " + std::to_string(height) + "x" + std::to_string(width) +
                  " pixels; a side may have " + std::to_string(kMaxSide) +
                  ". Make it smaller or leave it out");
}

Result<ImageHeader> ReadPngHeader(std::string_view bytes) {
  size_t at = kPngSignature.size();
  Chunk chunk;
  if (!NextChunk(bytes, &at, &chunk)) return CutShort(bytes);
  if (chunk.type == "CgBI") {
    return DataLoss(
        "this is Apple's variant of PNG (CgBI), which other programs cannot read; convert it to "
        "PNG");
  }
  if (chunk.type != "IHDR") {
    return DataLoss("the PNG is damaged: its first chunk is not IHDR. Fetch it again");
  }
  ImageHeader header;
  RETURN_IF_ERROR(ReadImageChunk(chunk.data, &header));
  const ImageSize stored = StoredSize(header, 1);
  bool in_picture = false;
  int orientation = 0;
  while (NextChunk(bytes, &at, &chunk) && chunk.type != "IEND") {
    if (chunk.type == "IDAT") in_picture = true;
    if (chunk.type == "tRNS" && !in_picture) header.alpha = true;
    if (chunk.type == "acTL" && !in_picture) header.animated = true;
    if (chunk.type == "eXIf" && orientation == 0) orientation = ExifOrientation(chunk.data);
  }
  // The chunk that holds the picture may itself be cut short: decoding says so.
  if (!in_picture && (bytes.size() - at < 8 || bytes.substr(at + 4, 4) != "IDAT")) {
    return chunk.type == "IEND"
               ? DataLoss("the PNG holds no picture (no IDAT chunk). Fetch it again")
               : CutShort(bytes);
  }
  if (orientation != 0) SetOrientedSize(orientation, stored.height, stored.width, &header);
  return header;
}

}  // namespace lockstep::storage
