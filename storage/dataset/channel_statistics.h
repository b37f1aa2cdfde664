// SPDX-License-Identifier: Apache-2.0
// Mean and deviation of pixel values / 255 for each channel, from exact integer sums: the same
// whatever the order in which images are added and sums are merged.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace lockstep::storage {

class ChannelSums {
 public:
  // An image, H W C. Images of differing numbers of channels leave no statistics.
  void Add(std::string_view pixels, int32_t channels);
  void Merge(const ChannelSums& other);

  std::vector<double> Mean() const;
  std::vector<double> Deviation() const;  // population: divided by the number of pixels

 private:
  bool Fits(size_t channels);

  bool mixed_ = false;
  uint64_t pixels_ = 0;            // per channel
  std::vector<uint64_t> sum_;      // of values
  std::vector<uint64_t> squares_;  // of their squares
};

}  // namespace lockstep::storage
