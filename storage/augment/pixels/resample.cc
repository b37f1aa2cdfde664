// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/pixels/resample.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace lockstep::storage {
namespace {

double Triangle(double x) {
  x = std::fabs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

double Cubic(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

int32_t Rounded(double weight) {
  const double scaled = weight * (1 << kWeightBits);
  return static_cast<int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

void SumPixel(const uint8_t* in, int64_t channels, const int32_t* weights, int64_t count,
              uint8_t* out) {
  for (int64_t c = 0; c < channels; ++c) {
    int32_t sum = kHalfWeight;
    for (int64_t k = 0; k < count; ++k) sum += in[k * channels + c] * weights[k];
    out[c] = ByteOfSum(sum);
  }
}

}  // namespace

Status CheckResample(const ImageSize& in, int64_t height, int64_t width) {
  const auto too_many = [](int64_t h, int64_t w) { return w > 0 && h > kMaxPixels / w; };
  if (!too_many(height, width) && !too_many(in.height, width)) return OkStatus();
  return InvalidArgument("an image of " + in.ToString() + " would be made " +
                         std::to_string(height) + "x" + std::to_string(width) +
                         ", which needs more than 2^28 pixels; use a smaller size");
}

void Resampler::Axis::Fill(int64_t in, int64_t out, Filter filter) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double coarser = std::max(scale, 1.0);
  const double support = (filter == Filter::kBicubic ? 2.0 : 1.0) * coarser;
  const double to_filter = 1.0 / coarser;
  taps.clear();
  weights.clear();
  std::vector<double> exact;
  for (int64_t i = 0; i < out; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto begin = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
    const auto end = std::min(in, static_cast<int64_t>(centre + support + 0.5));
    exact.clear();
    double total = 0.0;
    for (int64_t x = begin; x < end; ++x) {
      const double at = (static_cast<double>(x) - centre + 0.5) * to_filter;
      exact.push_back(filter == Filter::kBicubic ? Cubic(at) : Triangle(at));
      total += exact.back();
    }
    taps.push_back({begin, end - begin, static_cast<int64_t>(weights.size())});
    for (const double weight : exact) {
      weights.push_back(Rounded(total != 0.0 ? weight / total : weight));
    }
  }
}

void Resampler::Horizontal(const ImageView& in, int64_t width, uint8_t* out) const {
  const int64_t channels = in.size.channels, out_row = width * channels;
  const int32_t* const weights = columns_.weights.data();
  const auto plain = [&](int64_t y, int64_t from_x) {
    for (int64_t x = from_x; x < width; ++x) {
      const Taps& taps = columns_.taps[static_cast<size_t>(x)];
      SumPixel(in.row(y) + taps.begin * channels, channels, weights + taps.weights, taps.count,
               out + y * out_row + x * channels);
    }
  };
  int64_t y = 0;
  if (sums_ != nullptr && channels == 3) {
    // The columns that do not reach the last pixel, behind which nothing may be read.
    int64_t columns = width;
    const auto reach = [&](const Taps& taps) { return taps.begin + taps.count; };
    while (columns > 0 && reach(columns_.taps[static_cast<size_t>(columns - 1)]) >= in.size.width) {
      --columns;
    }
    for (; y + 4 <= in.size.height; y += 4) {
      sums_->four_rows(in.row(y), in.stride, columns_.taps.data(), weights, columns, out_row,
                       out + y * out_row);
      for (int64_t r = y; r < y + 4; ++r) plain(r, columns);
    }
  }
  for (; y < in.size.height; ++y) plain(y, 0);
}

void Resampler::Vertical(const ImageView& in, int64_t height, uint8_t* out) const {
  const int64_t n = in.size.width * in.size.channels;
  for (int64_t y = 0; y < height; ++y, out += n) {
    const Taps& taps = rows_.taps[static_cast<size_t>(y)];
    const int32_t* const weights = rows_.weights.data() + taps.weights;
    const uint8_t* const rows = in.row(taps.begin);
    int64_t i = 0;
    if (sums_ != nullptr) i = sums_->rows(rows, in.stride, weights, taps.count, n, out);
    for (; i < n; ++i) {
      int32_t sum = kHalfWeight;
      for (int64_t k = 0; k < taps.count; ++k) sum += rows[k * in.stride + i] * weights[k];
      out[i] = ByteOfSum(sum);
    }
  }
}

void Resampler::Run(const ImageView& in, int64_t height, int64_t width, Filter filter,
                    uint8_t* out) {
  const ImageSize& size = in.size;
  ImageView rows = in;
  if (width != size.width || height == size.height) {
    columns_.Fill(size.width, width, filter);
    uint8_t* to = out;
    if (height != size.height) {
      between_.resize(static_cast<size_t>(size.height * width * size.channels));
      to = between_.data();
    }
    Horizontal(in, width, to);
    rows = WholeOf<uint8_t>(to, {size.height, width, size.channels});
  }
  if (height == size.height) return;
  rows_.Fill(size.height, height, filter);
  Vertical(rows, height, out);
}

}  // namespace lockstep::storage
