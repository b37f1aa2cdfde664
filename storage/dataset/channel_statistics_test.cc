// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/channel_statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::storage {
namespace {

std::string Bytes(size_t size, uint32_t seed) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return bytes;
}

// The mean and the deviation by their definition, in long double.
void ExpectPlain(const std::string& pixels, int32_t channels) {
  ChannelSums sums;
  sums.Add(pixels, channels);
  const auto count = static_cast<size_t>(channels);
  for (size_t c = 0; c < count; ++c) {
    long double sum = 0, squares = 0;
    for (size_t i = c; i < pixels.size(); i += count) {
      const long double v = static_cast<unsigned char>(pixels[i]) / 255.0L;
      sum += v;
      squares += v * v;
    }
    const long double n = static_cast<long double>(pixels.size() / count);
    const long double variance = std::max(0.0L, squares / n - sum / n * (sum / n));
    EXPECT_NEAR(sums.Mean()[c], static_cast<double>(sum / n), 1e-12) << channels << ", " << c;
    EXPECT_NEAR(sums.Deviation()[c], static_cast<double>(std::sqrt(variance)), 1e-9)
        << channels << ", " << c;
  }
}

TEST(ChannelSums, AreThoseOfTheDefinitionForAnySizeAndNumberOfChannels) {
  for (const int32_t channels : {1, 2, 3, 4, 5, 7}) {
    for (const size_t pixels : {1, 5, 15, 16, 17, 48, 1000, 12345}) {
      ExpectPlain(Bytes(pixels * static_cast<size_t>(channels), 17), channels);
    }
  }
}

// So many pixels of 255 that sums of 32 bits would not hold them.
TEST(ChannelSums, LargeImagesOverflowNothing) {
  ChannelSums sums;
  sums.Add(std::string(size_t{65536} * 48 * 2 + 21, '\xff'), 3);
  EXPECT_EQ(sums.Mean(), (std::vector<double>{1, 1, 1}));
  EXPECT_EQ(sums.Deviation(), (std::vector<double>{0, 0, 0}));
}

TEST(ChannelSums, MergingIsAddingInAnyOrder) {
  const std::string a = Bytes(300, 1), b = Bytes(9, 2);
  ChannelSums all, first, second;
  all.Add(a, 3);
  all.Add(b, 3);
  second.Add(a, 3);
  first.Add(b, 3);
  first.Merge(second);
  EXPECT_EQ(first.Mean(), all.Mean());
  EXPECT_EQ(first.Deviation(), all.Deviation());
  first.Add(a, 1);
  EXPECT_TRUE(first.Mean().empty()) << "other channels leave no statistics";
}

}  // namespace
}  // namespace lockstep::storage
