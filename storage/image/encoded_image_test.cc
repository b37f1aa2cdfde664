// SPDX-License-Identifier: Apache-2.0
#include "storage/image/encoded_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/image/image_encoder.h"
#include "storage/image/testing/known_images.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;

TEST(EncodedImage, GivesWindowsOfTheImageAsItAppears) {
  ImageDecoder decoder;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const KnownImage image = KnownImageOf("orientation_" + std::to_string(orientation) + ".jpg");
    const EncodedImage source(image.bytes, image.header, 3, &decoder);
    const ImageSize size = orientation <= 4 ? ImageSize{7, 5, 3} : ImageSize{5, 7, 3};
    EXPECT_EQ(source.size(), size);
    EXPECT_EQ(source.data(), nullptr);
    std::vector<uint8_t> whole(static_cast<size_t>(size.bytes()));
    ASSERT_TRUE(source.Read({0, 0, size.height, size.width}, whole.data()).ok());
    EXPECT_EQ(Crc32(whole), image.rgb);
    const RawImage raw(whole.data(), size);
    std::vector<uint8_t> decoded(3 * 2 * 3), copied(3 * 2 * 3);
    ASSERT_TRUE(source.Read({1, 2, 3, 2}, decoded.data()).ok());
    ASSERT_TRUE(raw.Read({1, 2, 3, 2}, copied.data()).ok());
    EXPECT_EQ(decoded, copied);
  }
}

TEST(RawImage, GivesItsPixels) {
  const std::vector<uint8_t> pixels = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const RawImage image(pixels.data(), {2, 3, 2});
  EXPECT_EQ(image.size(), (ImageSize{2, 3, 2}));
  EXPECT_EQ(image.data(), pixels.data());
  std::vector<uint8_t> part(4);
  ASSERT_TRUE(image.Read({1, 1, 1, 2}, part.data()).ok());
  EXPECT_EQ(part, (std::vector<uint8_t>{8, 9, 10, 11}));
}

TEST(EncodePng, IsReadBackAsItWas) {
  ImageDecoder decoder;
  for (const ImageSize& size :
       {ImageSize{1, 1, 1}, ImageSize{7, 5, 3}, ImageSize{40, 61, 1}, ImageSize{40, 61, 3}}) {
    std::vector<uint8_t> pixels(static_cast<size_t>(size.bytes()));
    for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * i / 7);
    const auto png = EncodePng(pixels.data(), size);
    ASSERT_TRUE(png.ok()) << png.status();
    EXPECT_EQ(*png, *EncodePng(pixels.data(), size));
    const auto header = ReadImageHeader(*png);
    ASSERT_TRUE(header.ok()) << header.status();
    EXPECT_EQ(header->grey, size.channels == 1);
    std::vector<uint8_t> read(pixels.size());
    ASSERT_TRUE(decoder.Decode(*png, *header, size.channels, read.data()).ok());
    EXPECT_EQ(read, pixels);
  }
}

TEST(EncodePng, RefusesWhatIsNoImage) {
  const uint8_t pixel[4] = {};
  for (const ImageSize& size :
       {ImageSize{1, 1, 2}, ImageSize{0, 1, 3}, ImageSize{1, 0, 3}, ImageSize{1, 1'000'001, 3}}) {
    const auto png = EncodePng(pixel, size);
    ASSERT_FALSE(png.ok());
    EXPECT_EQ(png.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(png.status().message(), HasSubstr("cannot be written as PNG"));
  }
}

}  // namespace
}  // namespace lockstep::storage
