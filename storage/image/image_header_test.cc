// SPDX-License-Identifier: Apache-2.0
#include "storage/image/image_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/image/exif.h"
#include "storage/image/testing/known_images.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;

void ExpectRefused(const std::string& bytes, const std::string& message) {
  const auto header = ReadImageHeader(bytes);
  ASSERT_FALSE(header.ok()) << message;
  EXPECT_EQ(header.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(header.status().message(), HasSubstr(message));
}

std::string Replaced(std::string bytes, size_t at, const std::string& by) {
  return bytes.replace(at, by.size(), by);
}

// The place of the frame header's precision in a JPEG.
size_t FrameOf(const std::string& jpeg) { return jpeg.find("\xff\xc0\x00\x11"s) + 4; }

TEST(ImageHeader, IsThatOfTheKnownImages) {
  const auto images = KnownImages();
  ASSERT_GT(images.size(), 60u);
  for (const auto& image : images) {
    SCOPED_TRACE(image.name);
    const auto header = ReadImageHeader(image.bytes);
    ASSERT_TRUE(header.ok()) << header.status();
    EXPECT_EQ(*header, image.header);
  }
}

TEST(ImageHeader, SaysWhatOtherBytesAre) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "empty (0 bytes)"},
      {"  <!DOCTYPE HTML><html>", "HTML page"},
      {"<html lang=en>", "HTML page"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git-lfs pointer"},
      {"GIF89a\1\0"s, "a GIF"},
      {"RIFF\1\0\0\0WEBPVP8 "s, "a WebP image"},
      {"BM\x36\0\0\0"s, "a BMP image"},
      {"II*\0\x08\0\0\0"s, "a TIFF image"},
      {"MM\0*\0\0\0\x08"s, "a TIFF image"},
      {"\0\0\0\x18"
       "ftypheic\0\0"s,
       "a HEIC image"},
      {"\0\0\0\x18"
       "ftypavif\0\0"s,
       "an AVIF image"},
      {"\0\0\0\x18"
       "ftypmif1\0\0"s,
       "a HEIC or AVIF image"},
      {"\0\0\0\x0cjP  \r\n"s, "a JPEG 2000 image"},
      {"\0\0\0\x0cJXL \r\n"s, "a JPEG XL image"},
      {"\x1f\x8b\x08\0"s, "gzip data"},
      {"PK\x03\x04..", "a zip archive"},
      {std::string(257, 'a') + "ustar", "a tar archive"},
      {"%PDF-1.4", "a PDF document"},
      {"name,label\n1,2\n", "plain text"},
      {"gr\xc3\xbc\xc3\x9f", "plain text"},
      {std::string(64, '\0'), "a file of zero bytes"},
      {"\x01\x02\xfe\xff\0abcdef"s, "begins with the bytes 01 02 fe ff 00 61 62 63"},
  };
  for (const auto& [bytes, message] : cases) ExpectRefused(bytes, message);
}

TEST(ImageHeader, NamesKindsOfJpegThatAreNotRead) {
  const std::string jpeg = KnownImageOf("444_7x5.jpg").bytes;
  const size_t frame = FrameOf(jpeg), marker = frame - 3;
  const std::pair<std::string, std::string> kinds[] = {
      {"\xc3", "lossless JPEG (SOF3)"},
      {"\xc5", "hierarchical JPEG"},
      {"\xc9", "arithmetic-coded JPEG (SOF9)"},
      {"\xca", "arithmetic-coded progressive JPEG (SOF10)"},
      {"\xcb", "lossless arithmetic-coded JPEG (SOF11)"},
      {"\xcf", "hierarchical JPEG"},
      {"\xf7", "JPEG-LS (SOF55)"},
  };
  for (const auto& [sof, message] : kinds) ExpectRefused(Replaced(jpeg, marker, sof), message);
  EXPECT_TRUE(ReadImageHeader(Replaced(jpeg, marker, "\xc1")).ok());
  ExpectRefused(Replaced(jpeg, frame, "\x0c"), "12 bits a value");
  ExpectRefused(Replaced(jpeg, frame + 5, "\x02"), "does not fit its number of components");
  const std::string grey = KnownImageOf("grey.jpg").bytes;
  const size_t grey_frame = grey.find("\xff\xc0\x00\x0b"s);
  const std::string two = "\xff\xc0\x00\x0e\x08\x00\x07\x00\x05\x02\x01\x11\x00\x02\x11\x00"s;
  ExpectRefused(std::string(grey).replace(grey_frame, 13, two), "has 2 components");
}

TEST(ImageHeader, RefusesSizesThatAreNone) {
  const std::string jpeg = KnownImageOf("444_7x5.jpg").bytes;
  const size_t size = FrameOf(jpeg) + 1;
  ExpectRefused(Replaced(jpeg, size, "\0\0"s), "0x5 pixels");
  ExpectRefused(Replaced(jpeg, size + 2, "\0\0"s), "7x0 pixels");
  ExpectRefused(Replaced(jpeg, size, "\xff\xff\xff\xff"), "65535x65535 pixels; at most 268435456");
  const std::string png = KnownImageOf("colour.png").bytes;
  ExpectRefused(Replaced(png, 16, "\0\0\0\0"s), "17x0 pixels");
  ExpectRefused(Replaced(png, 16, "\xff\xff\xff\xff"), "at most 268435456");
  ExpectRefused(Replaced(png, 16, "\0\x10\0\0"s), "a side may have 1000000");
  EXPECT_TRUE(ReadImageHeader(Replaced(png, 16, "\0\x0f\0\0"s)).ok());
}

TEST(ImageHeader, RefusesDamagedPng) {
  const std::string png = KnownImageOf("colour.png").bytes;
  ExpectRefused(Replaced(png, 24, "\x04"), "colour type 2 with 4 bits");
  ExpectRefused(Replaced(png, 25, "\x05"), "colour type 5 with 8 bits");
  ExpectRefused(Replaced(png, 12, "CgBI"), "Apple's variant of PNG");
  ExpectRefused(Replaced(png, 12, "iHDR"), "first chunk is not IHDR");
  ExpectRefused(Replaced(png, 11, "\x0c"), "12 bytes instead of 13");
  ExpectRefused(png.substr(0, 33) + "\0\0\0\0IEND\xae\x42\x60\x82"s, "no picture");
}

// A header is read or the file is said to be cut short; it is never another header.
TEST(ImageHeader, IsReadOrCutShortAtEveryLength) {
  for (const char* name : {"orientation_6.jpg", "orientation_6.png", "palette_transparent.png"}) {
    const KnownImage image = KnownImageOf(name);
    const bool jpeg = image.header.format == ImageFormat::kJpeg;
    bool read = false;
    for (size_t size = 8; size <= image.bytes.size(); ++size) {
      const auto header = ReadImageHeader(image.bytes.substr(0, size));
      if (header.ok()) {
        read = true;
        EXPECT_EQ(*header, image.header) << name << " " << size;
      } else {
        EXPECT_FALSE(read) << name << " " << size;
        EXPECT_THAT(header.status().message(), HasSubstr(jpeg ? "JPEG is cut" : "PNG is cut"));
      }
    }
    EXPECT_TRUE(read) << name;
  }
  ExpectRefused("\xff\xd8", "cut short");
  ExpectRefused("\xff\xd8\xff\xd9", "marker 217");
  ExpectRefused("\xff\xd8\xff\xda", "no frame header");
  ExpectRefused("\xff\xd8\xff\xe0\0\1"s, "has 1 bytes");
}

std::string Tiff(const std::string& entry) { return "II*\0\x08\0\0\0\1\0"s + entry + "\0\0\0\0"s; }

TEST(ExifOrientation, IsOneWhereItIsNotValid) {
  EXPECT_EQ(ExifOrientation(Tiff("\x12\1\3\0\1\0\0\0\6\0\0\0"s)), 6);
  EXPECT_EQ(ExifOrientation(Tiff("\x12\1\4\0\1\0\0\0\6\0\0\0"s)), 6);  // LONG
  const std::string none[] = {
      Tiff("\x12\1\3\0\1\0\0\0\0\0\0\0"s),  // 0
      Tiff("\x12\1\3\0\1\0\0\0\x09\0\0\0"s),
      Tiff("\x12\1\3\0\2\0\0\0\6\0\0\0"s),       // two values
      Tiff("\x12\1\2\0\1\0\0\0\6\0\0\0"s),       // text
      Tiff("\x12\1\4\0\1\0\0\0\6\0\1\0"s),       // 65542
      "XX*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0"s,  // no byte order
      "II+\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0"s,  // no 42
      "II*\0\xff\xff\xff\xff"s,                  // a directory beyond the end
      "II*\0\x08\0\0\0\xff\xff\x12\1\3\0\1\0"s,  // an entry that is cut short
      "",
  };
  for (const std::string& tiff : none) EXPECT_EQ(ExifOrientation(tiff), 1);
}

TEST(StoredSize, HasItsSidesExchangedForQuarterTurns) {
  ImageHeader header;
  header.height = 7;
  header.width = 5;
  for (header.orientation = 1; header.orientation <= 8; ++header.orientation) {
    const ImageSize expected = header.orientation <= 4 ? ImageSize{7, 5, 3} : ImageSize{5, 7, 3};
    EXPECT_EQ(StoredSize(header, 3), expected) << header.orientation;
  }
}

}  // namespace
}  // namespace lockstep::storage
