// SPDX-License-Identifier: Apache-2.0
// The markers of a JPEG file up to its first scan (ITU-T T.81, annex B).
#include "storage/image/exif.h"
#include "storage/image/header_parsers.h"

namespace lockstep::storage {
namespace {

enum Marker : uint8_t {
  kTem = 0x01,
  kSof0 = 0xc0,  // baseline
  kSof2 = 0xc2,  // progressive
  kDht = 0xc4,
  kJpg = 0xc8,
  kDac = 0xcc,
  kSof15 = 0xcf,
  kRst0 = 0xd0,
  kRst7 = 0xd7,
  kSoi = 0xd8,
  kEoi = 0xd9,
  kSos = 0xda,
  kDqt = 0xdb,
  kDnl = 0xdc,
  kDri = 0xdd,
  kApp0 = 0xe0,
  kApp1 = 0xe1,
  kApp15 = 0xef,
  kSof55 = 0xf7,
  kCom = 0xfe,
};

Status CutShort(size_t at) {
  return DataLoss("the JPEG is cut short: its header does not end within the " +
                  std::to_string(at) + " bytes that there are. Fetch it again");
}

bool IsFrame(uint8_t marker) {
  return (marker >= kSof0 && marker <= kSof15 && marker != kDht && marker != kJpg &&
          marker != kDac) ||
         marker == kSof55;
}

bool HasNoLength(uint8_t marker) { return marker == kTem || (marker >= kRst0 && marker <= kRst7); }

bool IsSegment(uint8_t marker) {
  return marker == kDht || marker == kDac || (marker >= kDqt && marker <= kDri) ||
         (marker >= kApp0 && marker <= kApp15) || marker == kCom;
}

// Why a frame of this type cannot be decoded; empty where it can.
std::string_view Refusal(uint8_t marker) {
  switch (marker) {
    case 0xc0:
    case 0xc1:
    case 0xc2:
      return "";
    case 0xc3:
      return "lossless JPEG (SOF3)";
    case 0xc9:
      return "arithmetic-coded JPEG (SOF9)";
    case 0xca:
      return "arithmetic-coded progressive JPEG (SOF10)";
    case 0xcb:
      return "lossless arithmetic-coded JPEG (SOF11)";
    case kSof55:
      return "JPEG-LS (SOF55)";
    default:
      return "hierarchical JPEG (SOF5 to SOF7 and SOF13 to SOF15)";
  }
}

// `frame` is the frame header behind its length: precision, height, width, components.
Status ReadFrame(uint8_t marker, std::string_view frame, int orientation, ImageHeader* header) {
  if (const std::string_view refusal = Refusal(marker); !refusal.empty()) {
    return DataLoss("the file is " + std::string(refusal) +
                    ", which is not read; convert it to PNG or to baseline or progressive JPEG");
  }
  if (frame.size() < 6 || frame.size() != 6 + 3 * BigEndian(frame, 5, 1)) {
    return DataLoss("the frame header of the JPEG has " + std::to_string(frame.size() + 2) +
                    " bytes, which does not fit its number of components. Fetch it again");
  }
  const uint32_t precision = BigEndian(frame, 0, 1), components = BigEndian(frame, 5, 1);
  if (precision != 8) {
    return DataLoss("the JPEG has " + std::to_string(precision) +
                    " bits a value, and 8 are read; convert it to PNG");
  }
  if (components != 1 && components != 3 && components != 4) {
    return DataLoss("the JPEG has " + std::to_string(components) +
                    " components; 1 (grey), 3 (colour) and 4 (CMYK) are read. Convert it to PNG");
  }
  const int64_t height = BigEndian(frame, 1, 2), width = BigEndian(frame, 3, 2);
  RETURN_IF_ERROR(CheckStoredSize("JPEG", height, width));
  header->format = ImageFormat::kJpeg;
  header->grey = components == 1;
  header->cmyk = components == 4;
  SetOrientedSize(orientation, height, width, header);
  return {};
}

// Walks from marker to marker.
class MarkerReader {
 public:
  explicit MarkerReader(std::string_view bytes) : bytes_(bytes), at_(2) {}

  // The next marker. Bytes before it that belong to nothing are passed over, as libjpeg does.
  Result<uint8_t> Next() {
    do {
      at_ = bytes_.find('\xff', at_);
      at_ = bytes_.find_first_not_of('\xff', at_);
      if (at_ == bytes_.npos) return CutShort(bytes_.size());
    } while (bytes_[at_++] == 0);
    return static_cast<uint8_t>(bytes_[at_ - 1]);
  }

  // What the segment holds behind its length.
  Result<std::string_view> Segment() {
    if (bytes_.size() - at_ < 2) return CutShort(bytes_.size());
    const size_t length = BigEndian(bytes_, at_, 2);
    if (length < 2) {
      return DataLoss("the JPEG is damaged: a segment at byte " + std::to_string(at_) +
                      " says it has " + std::to_string(length) +
                      " bytes, and it has at least 2. Fetch it again");
    }
    if (length > bytes_.size() - at_) return CutShort(bytes_.size());
    const std::string_view segment = bytes_.substr(at_ + 2, length - 2);
    at_ += length;
    return segment;
  }

 private:
  std::string_view bytes_;
  size_t at_;
};

}  // namespace

Result<ImageHeader> ReadJpegHeader(std::string_view bytes) {
  constexpr std::string_view kExif("Exif\0\0", 6);
  MarkerReader reader(bytes);
  uint8_t frame_marker = 0;
  std::string_view frame;
  int orientation = 1;
  bool exif_seen = false;
  for (;;) {
    ASSIGN_OR_RETURN(const uint8_t marker, reader.Next());
    if (HasNoLength(marker)) continue;
    if (marker == kSos) break;
    if (!IsFrame(marker) && !IsSegment(marker)) {
      return DataLoss("the JPEG is damaged: before its first scan stands the marker " +
                      std::to_string(marker) + ", which does not belong there. Fetch it again");
    }
    ASSIGN_OR_RETURN(const std::string_view segment, reader.Segment());
    if (IsFrame(marker) && frame_marker == 0) {
      frame_marker = marker;
      frame = segment;
    }
    if (marker == kApp1 && !exif_seen && segment.starts_with(kExif)) {
      exif_seen = true;
      orientation = ExifOrientation(segment.substr(kExif.size()));
    }
  }
  if (frame_marker == 0) {
    return DataLoss("the JPEG is damaged: its first scan has no frame header. Fetch it again");
  }
  ImageHeader header;
  RETURN_IF_ERROR(ReadFrame(frame_marker, frame, orientation, &header));
  return header;
}

}  // namespace lockstep::storage
