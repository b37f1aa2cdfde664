// SPDX-License-Identifier: Apache-2.0
// Pixels of the images in testdata/, of which make_images.py there says what Pillow makes of them.
#include "storage/image/image_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "storage/image/testing/known_images.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;

std::vector<uint8_t> Pixels(const KnownImage& image, int64_t channels) {
  std::vector<uint8_t> out(
      static_cast<size_t>(image.header.height * image.header.width * channels));
  ImageDecoder decoder;
  const Status status = decoder.Decode(image.bytes, image.header, channels, out.data());
  EXPECT_TRUE(status.ok()) << image.name << ": " << status;
  return out;
}

TEST(ImageDecoder, HasThePixelsOfPillow) {
  for (const auto& image : KnownImages()) {
    EXPECT_EQ(Crc32(Pixels(image, 3)), image.rgb) << image.name;
    EXPECT_EQ(Crc32(Pixels(image, 1)), image.luma) << image.name;
  }
}

TEST(ImageDecoder, TakesNothingFromOneFileToTheNext) {
  const auto images = KnownImages();
  ImageDecoder decoder;
  for (size_t i = 0; i < 2 * images.size(); ++i) {
    const KnownImage& image = images[i * 29 % images.size()];
    std::vector<uint8_t> out(static_cast<size_t>(image.header.height * image.header.width * 3));
    const std::string half = image.bytes.substr(0, image.bytes.size() / 2);
    EXPECT_FALSE(decoder.Decode(half, image.header, 3, out.data()).ok()) << image.name;
    ASSERT_TRUE(decoder.Decode(image.bytes, image.header, 3, out.data()).ok()) << image.name;
    EXPECT_EQ(Crc32(out), image.rgb) << image.name;
  }
}

// Tables that a file lacks are not those of the file before.
TEST(ImageDecoder, DoesNotTakeAnotherFilesTables) {
  const KnownImage image = KnownImageOf("444_17x33.jpg");
  KnownImage without = image;
  for (size_t at = 0; (at = without.bytes.find("\xff\xdb", at)) != std::string::npos;) {
    without.bytes.erase(at, 2 + 67);
  }
  ASSERT_EQ(without.bytes.size(), image.bytes.size() - 2 * 69);
  std::vector<uint8_t> out(17 * 33 * 3);
  ImageDecoder decoder;
  ASSERT_TRUE(decoder.Decode(image.bytes, image.header, 3, out.data()).ok());
  const Status status = decoder.Decode(without.bytes, image.header, 3, out.data());
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("Quantization table"));
}

void ExpectWindow(const KnownImage& image, const std::vector<uint8_t>& whole, int64_t channels,
                  const Window& window, ImageDecoder* decoder) {
  const size_t row_bytes = static_cast<size_t>(window.width * channels);
  std::vector<uint8_t> part(static_cast<size_t>(window.height) * row_bytes);
  const Status status = decoder->Decode(image.bytes, image.header, channels, window, part.data());
  ASSERT_TRUE(status.ok()) << image.name << ": " << status;
  for (int64_t y = 0; y < window.height; ++y) {
    const int64_t first = (window.top + y) * image.header.width + window.left;
    ASSERT_EQ(std::memcmp(part.data() + static_cast<size_t>(y) * row_bytes,
                          whole.data() + first * channels, row_bytes),
              0)
        << image.name << " window " << window.top << "," << window.left << " of " << window.height
        << "x" << window.width << " row " << y;
  }
}

TEST(ImageDecoder, HasThePixelsOfTheWholeInEveryWindow) {
  ImageDecoder decoder;
  for (const auto& image : KnownImages()) {
    const auto rgb = Pixels(image, 3), grey = Pixels(image, 1);
    const int64_t height = image.header.height, width = image.header.width;
    // Every top and left; of heights and widths of large images the shortest and the longest.
    const auto next = [](int64_t length, int64_t most) {
      return most <= 7 || length < 2 || length >= most - 1 ? length + 1 : most - 1;
    };
    for (int64_t top = 0; top < height; ++top) {
      for (int64_t left = 0; left < width; left += 1 + width / 20) {
        for (int64_t h = 1; h <= height - top; h = next(h, height - top)) {
          for (int64_t w = 1; w <= width - left; w = next(w, width - left)) {
            ExpectWindow(image, rgb, 3, {top, left, h, w}, &decoder);
          }
        }
        ExpectWindow(image, grey, 1, {top, left, height - top, width - left}, &decoder);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(ImageDecoder, NeverTakesAFileThatIsCutShort) {
  ImageDecoder decoder;
  for (const char* name : {"420_7x5.jpg", "restart_420.jpg", "progressive_444.jpg", "grey.jpg",
                           "cmyk.jpg", "colour.png", "palette.png", "grey_1_bit_interlaced.png"}) {
    const KnownImage image = KnownImageOf(name);
    std::vector<uint8_t> out(static_cast<size_t>(image.header.height * image.header.width * 3));
    for (size_t size = 0; size < image.bytes.size(); ++size) {
      const std::string cut = image.bytes.substr(0, size);
      const Status status = decoder.Decode(cut, image.header, 3, out.data());
      ASSERT_EQ(status.code(), StatusCode::kDataLoss) << name << " " << size;
      const auto header = ReadImageHeader(cut);
      if (header.ok()) {
        EXPECT_EQ(*header, image.header) << name << " " << size;
      }
    }
  }
}

TEST(ImageDecoder, NeverTakesAPngWithAFlippedBit) {
  ImageDecoder decoder;
  for (const char* name : {"colour.png", "palette_transparent.png", "colour_gamma.png",
                           "colour_interlaced.png", "animated.png"}) {
    const KnownImage image = KnownImageOf(name);
    std::vector<uint8_t> out(static_cast<size_t>(image.header.height * image.header.width * 3));
    for (size_t bit = 0; bit < 8 * image.bytes.size(); ++bit) {
      std::string flipped = image.bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      EXPECT_FALSE(decoder.Decode(flipped, image.header, 3, out.data()).ok()) << name << " " << bit;
    }
  }
}

// JPEG has no checksums: a flipped bit may give another picture, and must not do worse.
TEST(ImageDecoder, SurvivesEveryFlippedBitOfAJpeg) {
  ImageDecoder decoder;
  for (const char* name : {"420_17x33.jpg", "progressive_420.jpg", "ycck.jpg"}) {
    const KnownImage image = KnownImageOf(name);
    std::vector<uint8_t> out(static_cast<size_t>(image.header.height * image.header.width * 3));
    for (size_t bit = 0; bit < 8 * image.bytes.size(); ++bit) {
      std::string flipped = image.bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      for (const Window& window : {Window{0, 0, 17, 33}, Window{9, 11, 5, 6}}) {
        const Status status = decoder.Decode(flipped, image.header, 3, window, out.data());
        EXPECT_TRUE(status.ok() || status.code() == StatusCode::kDataLoss) << status;
      }
    }
  }
}

TEST(ImageDecoder, RefusesManyBytesThatBelongToNothing) {
  KnownImage image = KnownImageOf("444_7x5.jpg");
  std::vector<uint8_t> out(7 * 5 * 3);
  ImageDecoder decoder;
  const std::string plain = image.bytes;
  const auto decode = [&](size_t extraneous) {
    image.bytes = plain;
    image.bytes.insert(plain.size() - 2, extraneous, '\0');
    return decoder.Decode(image.bytes, image.header, 3, out.data());
  };
  EXPECT_TRUE(decode(60).ok());
  // The decoder has looked ahead at a few of them.
  EXPECT_THAT(decode(100).message(), HasSubstr("extraneous bytes before marker 0xd9"));
}

TEST(ImageDecoder, RefusesMoreScansThanAnyEncoderMakes) {
  const KnownImage image = KnownImageOf("own_scans.jpg");
  const size_t scan = image.bytes.find("\xff\xda"), next = image.bytes.find("\xff\xda", scan + 2);
  ASSERT_NE(next, std::string::npos);
  const std::string first = image.bytes.substr(scan, next - scan);
  std::string many = image.bytes.substr(0, image.bytes.size() - 2);
  std::vector<uint8_t> out(19 * 41 * 3);
  ImageDecoder decoder;
  for (int scans = 3; scans < 500; ++scans) many += first;
  EXPECT_TRUE(decoder.Decode(many + "\xff\xd9", image.header, 3, out.data()).ok());
  many += first;
  const Status status = decoder.Decode(many + "\xff\xd9", image.header, 3, out.data());
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("more than 500 scans"));
}

TEST(ImageDecoder, RefusesWhatTakesTooMuchMemory) {
  ImageDecoder decoder;
  uint8_t out[3];
  const auto decode = [&](const std::string& bytes) {
    const auto header = ReadImageHeader(bytes);
    EXPECT_TRUE(header.ok()) << header.status();
    return decoder.Decode(bytes, *header, 3, {0, 0, 1, 1}, out);
  };
  std::string jpeg = KnownImageOf("progressive_444.jpg").bytes;
  const size_t frame = jpeg.find("\xff\xc2");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\x3e\x80\x3e\x80");  // 16000 x 16000
  EXPECT_THAT(decode(jpeg).message(), HasSubstr("needs more than 512 MiB"));
  std::string png = KnownImageOf("sixteen_bit_6_interlaced.png").bytes;
  png.replace(16, 8, std::string("\0\0\x40\0\0\0\x40\0", 8));  // 16384 x 16384 of 4 bytes
  const auto crc =
      static_cast<uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(png.data() + 12), 17));
  for (size_t i = 0; i < 4; ++i) png[29 + i] = static_cast<char>(crc >> (24 - 8 * i));
  EXPECT_THAT(decode(png).message(), HasSubstr("needs more than 512 MiB"));
}

TEST(ImageDecoder, RefusesAHeaderOfAnotherFile) {
  ImageDecoder decoder;
  std::vector<uint8_t> out(40 * 61 * 3);
  for (const auto& [bytes, header] : {std::pair("444_7x5.jpg", "averages_alone.jpg"),
                                      std::pair("colour_gamma.png", "colour.png")}) {
    const Status status =
        decoder.Decode(KnownImageOf(bytes).bytes, KnownImageOf(header).header, 3, out.data());
    EXPECT_EQ(status.code(), StatusCode::kDataLoss);
    EXPECT_THAT(status.message(), HasSubstr("not the one that its header was read from"));
  }
}

TEST(ImageDecoder, RefusesAColourThatThePaletteDoesNotHave) {
  KnownImage image = KnownImageOf("palette.png");
  const size_t palette = image.bytes.find("PLTE");
  // The palette is cut to its first colour.
  std::string one = std::string("\0\0\0\3PLTE\1\2\3", 11);
  const auto crc =
      static_cast<uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(one.data() + 4), 7));
  for (int shift = 24; shift >= 0; shift -= 8) one += static_cast<char>(crc >> shift);
  image.bytes.replace(palette - 4, 12 + 600, one);
  std::vector<uint8_t> out(11 * 13 * 3);
  const Status status = ImageDecoder().Decode(image.bytes, image.header, 3, out.data());
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("of a palette of 1"));
}

TEST(DecodeMask, HasTheValuesThatTheFileHolds) {
  int masks = 0;
  ImageDecoder decoder;
  for (const auto& image : KnownImages()) {
    if (!image.has_values) continue;
    ++masks;
    const int64_t bytes = image.header.sixteen_bit ? 2 : 1;
    const int64_t height = image.header.height, width = image.header.width;
    std::vector<uint8_t> whole(static_cast<size_t>(height * width * bytes));
    ASSERT_TRUE(
        decoder.DecodeMask(image.bytes, image.header, {0, 0, height, width}, whole.data()).ok());
    EXPECT_EQ(Crc32(whole), image.values) << image.name;
    std::vector<uint8_t> part(static_cast<size_t>(2 * 3 * bytes));
    ASSERT_TRUE(decoder.DecodeMask(image.bytes, image.header, {3, 1, 2, 3}, part.data()).ok());
    for (int64_t y = 0; y < 2; ++y) {
      EXPECT_EQ(
          std::memcmp(part.data() + y * 3 * bytes, whole.data() + ((3 + y) * width + 1) * bytes,
                      static_cast<size_t>(3 * bytes)),
          0)
          << image.name;
    }
  }
  EXPECT_EQ(masks, 16);
}

TEST(DecodeMask, RefusesWhatHasNoValues) {
  std::vector<uint8_t> out(17 * 33 * 3);
  const std::pair<const char*, const char*> cases[] = {{"grey.jpg", "is a JPEG"},
                                                       {"colour.png", "a PNG of colours"},
                                                       {"colour_alpha.png", "a PNG of colours"},
                                                       {"grey_alpha.png", "has transparency"}};
  for (const auto& [name, message] : cases) {
    const KnownImage image = KnownImageOf(name);
    EXPECT_EQ(MaskStatus(image.header).code(), StatusCode::kDataLoss);
    const Status status =
        ImageDecoder().DecodeMask(image.bytes, image.header, {0, 0, 1, 1}, out.data());
    EXPECT_THAT(status.message(), HasSubstr(message));
  }
  // A header of another file does not make room for its values.
  const Status status =
      ImageDecoder().DecodeMask(KnownImageOf("sixteen_bit_0.png").bytes,
                                KnownImageOf("orientation_3.png").header, {0, 0, 1, 1}, out.data());
  EXPECT_FALSE(status.ok());
}

}  // namespace
}  // namespace lockstep::storage
