// SPDX-License-Identifier: Apache-2.0
// Resampling in the integer arithmetic of Pillow's Image.resize, with its bits.
//
// Along each axis, pixel i of n becomes the weighted mean of the input pixels around its centre
// (i + 0.5) * scale, scale = input / n. The weight is the filter (a triangle, or the cubic with
// a = -0.5) at the distance in pixels of the coarser of the two images, so that shrinking averages
// over everything it drops. Weights add up to 1 and are rounded to multiples of 2^-22; the
// horizontal pass is rounded to bytes before the vertical one. An axis whose size stays is left
// alone.
#pragma once

#include <cstdint>
#include <vector>

#include "base/device/cpu_isa.h"
#include "base/status.h"
#include "storage/augment/pixels/filter.h"
#include "storage/augment/pixels/weighted_sums.h"
#include "storage/augment/view.h"

namespace lockstep::storage {

// Whether an image of `in` can be resampled to `height` x `width` within kMaxPixels; an
// invalid-argument error says what is too large.
Status CheckResample(const ImageSize& in, int64_t height, int64_t width);

// One for each thread: keeps its memory from one image to the next.
class Resampler {
 public:
  explicit Resampler(CpuIsa isa = HostCpuIsa()) : sums_(WeightedSumsFor(isa)) {}

  // out: height x width x channels, packed, elsewhere than `in`. CheckResample is OK, and `filter`
  // is not kNearest.
  void Run(const ImageView& in, int64_t height, int64_t width, Filter filter, uint8_t* out);

 private:
  struct Axis {
    std::vector<Taps> taps;
    std::vector<int32_t> weights;  // times 2^22

    void Fill(int64_t in, int64_t out, Filter filter);
  };

  void Horizontal(const ImageView& in, int64_t width, uint8_t* out) const;
  void Vertical(const ImageView& in, int64_t height, uint8_t* out) const;

  const WeightedSums* sums_;
  Axis columns_, rows_;
  std::vector<uint8_t> between_;  // after the horizontal pass
};

}  // namespace lockstep::storage
