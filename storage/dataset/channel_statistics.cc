// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/channel_statistics.h"

#include "base/math.h"

namespace lockstep::storage {

bool ChannelSums::Fits(size_t channels) {
  if (sum_.empty()) {
    sum_.resize(channels);
    squares_.resize(channels);
  }
  mixed_ = mixed_ || sum_.size() != channels;
  return !mixed_;
}

void ChannelSums::Add(std::string_view pixels, int32_t channels) {
  const auto count = static_cast<size_t>(channels);
  if (!Fits(count)) return;
  for (size_t c = 0; c < count; ++c) {
    uint64_t sum = 0, squares = 0;
    for (size_t i = c; i < pixels.size(); i += count) {
      const uint64_t v = static_cast<unsigned char>(pixels[i]);
      sum += v;
      squares += v * v;
    }
    sum_[c] += sum;
    squares_[c] += squares;
  }
  pixels_ += pixels.size() / count;
}

void ChannelSums::Merge(const ChannelSums& other) {
  mixed_ = mixed_ || other.mixed_;
  if (mixed_ || other.sum_.empty() || !Fits(other.sum_.size())) return;
  for (size_t c = 0; c < sum_.size(); ++c) {
    sum_[c] += other.sum_[c];
    squares_[c] += other.squares_[c];
  }
  pixels_ += other.pixels_;
}

std::vector<double> ChannelSums::Mean() const {
  std::vector<double> mean;
  if (mixed_) return mean;
  const double n = static_cast<double>(pixels_);
  for (const uint64_t sum : sum_) mean.push_back(static_cast<double>(sum) / (n * 255.0));
  return mean;
}

std::vector<double> ChannelSums::Deviation() const {
  std::vector<double> deviation;
  if (mixed_) return deviation;
  const double n = static_cast<double>(pixels_);
  for (size_t c = 0; c < sum_.size(); ++c) {
    // n^2 times the variance of the values, exact.
    const unsigned __int128 scaled = static_cast<unsigned __int128>(pixels_) * squares_[c] -
                                     static_cast<unsigned __int128>(sum_[c]) * sum_[c];
    deviation.push_back(math::Sqrt(static_cast<double>(scaled)) / (n * 255.0));
  }
  return deviation;
}

}  // namespace lockstep::storage
