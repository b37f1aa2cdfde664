// SPDX-License-Identifier: Apache-2.0
// That the results are Pillow's: operations_test.cc beside this folder.
#include "storage/augment/pixels/resample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "base/device/cpu_isa.h"
#include "storage/augment/testing/made_image.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;

// Of its own memory, so that a read behind the last pixel is one behind the allocation.
std::vector<uint8_t> Resampled(CpuIsa isa, const ImageView& in, int64_t height, int64_t width,
                               Filter filter) {
  Resampler resampler(isa);
  std::vector<uint8_t> out(static_cast<size_t>(height * width * in.size.channels));
  resampler.Run(in, height, width, filter, out.data());
  return out;
}

TEST(Resampler, GivesTheSameBytesWithAndWithoutVectors) {
  std::mt19937 draw(5);
  const auto side = [&draw] { return static_cast<int64_t>(1 + draw() % (draw() % 2 ? 9 : 150)); };
  for (int i = 0; i < 400; ++i) {
    const ImageSize size = {side(), side(), static_cast<int64_t>(1 + draw() % 4)};
    std::vector<uint8_t> image;
    for (int64_t k = 0; k < size.bytes(); ++k) image.push_back(static_cast<uint8_t>(draw()));
    const ImageView view = WholeOf<uint8_t>(image.data(), size);
    const int64_t height = side(), width = side();
    for (const Filter filter : {Filter::kBilinear, Filter::kBicubic}) {
      EXPECT_EQ(Resampled(HostCpuIsa(), view, height, width, filter),
                Resampled(CpuIsa::kBaseline, view, height, width, filter))
          << size.ToString() << " to " << height << "x" << width;
    }
  }
}

TEST(Resampler, APartOfAnImageIsResampledAsIfThereWereNothingBesideIt) {
  const ImageSize size = {40, 50, 3};
  const std::vector<uint8_t> image = MadeImage(size);
  const ImageView part = WholeOf(image.data(), size).Part({3, 7, 30, 21});
  const std::vector<uint8_t> alone = PackedPixels(part);
  EXPECT_EQ(Resampled(HostCpuIsa(), part, 16, 17, Filter::kBilinear),
            Resampled(HostCpuIsa(), WholeOf(alone.data(), part.size), 16, 17, Filter::kBilinear));
}

TEST(Resampler, AnImageOfOneColourStaysOfOneColour) {
  for (const int byte : {0, 1, 127, 254, 255}) {
    const std::vector<uint8_t> image(31 * 17 * 3, static_cast<uint8_t>(byte));
    const ImageView view = WholeOf<uint8_t>(image.data(), {31, 17, 3});
    for (const Filter filter : {Filter::kBilinear, Filter::kBicubic}) {
      const std::vector<uint8_t> out = Resampled(HostCpuIsa(), view, 13, 40, filter);
      EXPECT_EQ(out, std::vector<uint8_t>(out.size(), static_cast<uint8_t>(byte)));
    }
  }
}

TEST(Resampler, WhatNeedsTooMuchMemoryIsRefused) {
  EXPECT_TRUE(CheckResample({65535, 3, 3}, 224, 224).ok());
  EXPECT_THAT(CheckResample({2, 2, 3}, 65536, 65536).message(), HasSubstr("more than 2^28"));
  // Between the passes the image would be 65535 x 65536.
  EXPECT_THAT(CheckResample({65535, 1, 1}, 1, 65536).message(), HasSubstr("more than 2^28"));
}

}  // namespace
}  // namespace lockstep::storage
