// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/channel_statistics.h"

#include <algorithm>
#include <array>

#include "base/math.h"

namespace lockstep::storage {
namespace {

// Pixels are added in rows of this many values. Each place of a row has a sum of its own, of which
// the compiler makes vector instructions. 1, 2, 3 and 4 channels divide it.
constexpr size_t kLanes = 48;
constexpr size_t kMostRows = 65536;  // 65,536 * 255^2 is below 2^32

struct LaneSums {
  std::array<uint32_t, kLanes> sum{}, squares{};

  void Add(const uint8_t* values, size_t rows) {
    for (size_t r = 0; r < rows; ++r, values += kLanes) {
      for (size_t j = 0; j < kLanes; ++j) {
        const uint32_t v = values[j];
        sum[j] += v;
        squares[j] += v * v;
      }
    }
  }
};

}  // namespace

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
  pixels_ += pixels.size() / count;
  const size_t whole = kLanes % count == 0 ? pixels.size() - pixels.size() % kLanes : 0;
  const auto* bytes = reinterpret_cast<const uint8_t*>(pixels.data());
  for (size_t at = 0; at < whole; at += kLanes * kMostRows) {
    const size_t rows = std::min(kMostRows, (whole - at) / kLanes);
    LaneSums lanes;
    lanes.Add(bytes + at, rows);
    for (size_t j = 0; j < kLanes; ++j) {
      sum_[j % count] += lanes.sum[j];
      squares_[j % count] += lanes.squares[j];
    }
  }
  for (size_t i = whole; i < pixels.size(); ++i) {
    const uint64_t v = bytes[i];
    sum_[i % count] += v;
    squares_[i % count] += v * v;
  }
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
