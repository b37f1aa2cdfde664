// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/pixels/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "base/device/for_isa.h"

namespace lockstep::storage {
namespace {

constexpr int kBits = 22;  // of the fraction of a weight
constexpr int32_t kHalf = 1 << (kBits - 1);

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
  const double scaled = weight * (1 << kBits);
  return static_cast<int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

uint8_t Byte(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kBits, 0, 255)); }

// 16 sums side by side. Values of this type stay within one function, which is inlined into the
// code for an instruction set.
typedef int32_t Sums __attribute__((vector_size(64)));
typedef uint8_t Bytes __attribute__((vector_size(16)));
constexpr int64_t kTogether = 16;

// out[i] = the weighted sum of rows[k][i] over k, kTogether at a time; returns how many are done.
LOCKSTEP_INLINE inline int64_t SumRows(const uint8_t* in, int64_t stride, const int32_t* weights,
                                       int64_t count, int64_t n, uint8_t* out) {
  int64_t i = 0;
  for (; i + kTogether <= n; i += kTogether) {
    Sums sum = Sums{} + kHalf;
    for (int64_t k = 0; k < count; ++k) {
      Bytes bytes;
      std::memcpy(&bytes, in + k * stride + i, sizeof bytes);
      sum += __builtin_convertvector(bytes, Sums) * weights[k];
    }
    sum >>= kBits;
    sum = sum < 0 ? Sums{} : sum;
    sum = sum > 255 ? Sums{} + 255 : sum;
    const Bytes bytes = __builtin_convertvector(sum, Bytes);
    std::memcpy(out + i, &bytes, sizeof bytes);
  }
  return i;
}

// A pixel of three channels in four rows at once: out[r * out_stride + c]. Reads one byte behind
// each of its input pixels.
LOCKSTEP_INLINE inline void SumFourRows(const uint8_t* in, int64_t stride, const int32_t* weights,
                                        int64_t count, int64_t out_stride, uint8_t* out) {
  Sums sum = Sums{} + kHalf;
  for (int64_t k = 0; k < count; ++k) {
    uint32_t pixels[4];
    for (int64_t r = 0; r < 4; ++r) std::memcpy(&pixels[r], in + r * stride + 3 * k, 4);
    Bytes bytes;
    std::memcpy(&bytes, pixels, sizeof bytes);
    sum += __builtin_convertvector(bytes, Sums) * weights[k];
  }
  sum >>= kBits;
  sum = sum < 0 ? Sums{} : sum;
  sum = sum > 255 ? Sums{} + 255 : sum;
  const Bytes bytes = __builtin_convertvector(sum, Bytes);
  uint8_t values[16];
  std::memcpy(values, &bytes, sizeof values);
  for (int64_t r = 0; r < 4; ++r) std::memcpy(out + r * out_stride, values + 4 * r, 3);
}

void SumPixel(const uint8_t* in, int64_t channels, const int32_t* weights, int64_t count,
              uint8_t* out) {
  for (int64_t c = 0; c < channels; ++c) {
    int32_t sum = kHalf;
    for (int64_t k = 0; k < count; ++k) sum += in[k * channels + c] * weights[k];
    out[c] = Byte(sum);
  }
}

CpuIsa Isa() {
  static const CpuIsa isa = HostCpuIsa();
  return isa;
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
  const bool three = channels == 3;
  RunForIsa(Isa(), [&]() LOCKSTEP_INLINE {
    int64_t y = 0;
    for (; three && y + 4 <= in.size.height; y += 4) {
      for (int64_t x = 0; x < width; ++x) {
        const Taps& taps = columns_.taps[static_cast<size_t>(x)];
        const int32_t* const weights = columns_.weights.data() + taps.weights;
        if (taps.begin + taps.count < in.size.width) {
          SumFourRows(in.row(y) + taps.begin * 3, in.stride, weights, taps.count, out_row,
                      out + y * out_row + x * 3);
          continue;
        }
        for (int64_t r = y; r < y + 4; ++r) {
          SumPixel(in.row(r) + taps.begin * 3, 3, weights, taps.count, out + r * out_row + x * 3);
        }
      }
    }
    for (; y < in.size.height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        const Taps& taps = columns_.taps[static_cast<size_t>(x)];
        SumPixel(in.row(y) + taps.begin * channels, channels,
                 columns_.weights.data() + taps.weights, taps.count,
                 out + y * out_row + x * channels);
      }
    }
  });
}

void Resampler::Vertical(const ImageView& in, int64_t height, uint8_t* out) const {
  const int64_t n = in.size.width * in.size.channels;
  RunForIsa(Isa(), [&]() LOCKSTEP_INLINE {
    for (int64_t y = 0; y < height; ++y) {
      const Taps& taps = rows_.taps[static_cast<size_t>(y)];
      const int32_t* const weights = rows_.weights.data() + taps.weights;
      const uint8_t* const rows = in.row(taps.begin);
      uint8_t* const to = out + y * n;
      for (int64_t i = SumRows(rows, in.stride, weights, taps.count, n, to); i < n; ++i) {
        int32_t sum = kHalf;
        for (int64_t k = 0; k < taps.count; ++k) sum += rows[k * in.stride + i] * weights[k];
        to[i] = Byte(sum);
      }
    }
  });
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
