// SPDX-License-Identifier: Apache-2.0
// Where the pixels of a resized axis come from.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/range.h"
#include "ops/core/scratch.h"
#include "ops/nn/resize2d/resize2d.h"

namespace lockstep::ops::resize2d {

// Output i reads pixel low[i] with the weight 1 - f[i], and high[i] with f[i]. Pixel h is read by
// the outputs [first[h], end[h]), and maybe not by each of these.
template <typename T>
struct Axis {
  int64_t in, out;
  int64_t *low, *high;   // (out)
  T* f;                  // (out)
  int64_t *first, *end;  // (in)

  Axis(int64_t in_size, int64_t out_size, Scratch* s)
      : in(in_size),
        out(out_size),
        low(s->Take<int64_t>(out)),
        high(s->Take<int64_t>(out)),
        f(s->Take<T>(out)),
        first(s->Take<int64_t>(in)),
        end(s->Take<int64_t>(in)) {}

  void Fill(bool nearest, bool align_corners) {
    const double scale = !align_corners ? static_cast<double>(in) / static_cast<double>(out)
                         : out > 1      ? static_cast<double>(in - 1) / static_cast<double>(out - 1)
                                        : 0.0;
    for (int64_t i = 0; i < out; ++i) {
      const double at = static_cast<double>(i);
      const double source = align_corners ? at * scale : std::max(0.0, (at + 0.5) * scale - 0.5);
      low[i] = nearest ? i * in / out : std::min(static_cast<int64_t>(source), in - 1);
      high[i] = nearest ? low[i] : std::min(low[i] + 1, in - 1);
      f[i] = nearest ? T(0) : static_cast<T>(std::min(1.0, source - static_cast<double>(low[i])));
    }
    // Sources increase, so the outputs that read a pixel lie side by side.
    int64_t begin = 0, stop = 0;
    for (int64_t h = 0; h < in; ++h) {
      while (begin < out && high[begin] < h) ++begin;
      while (stop < out && low[stop] <= h) ++stop;
      first[h] = begin;
      end[h] = std::max(begin, stop);
    }
  }

  // How much of output i is pixel h.
  T Weight(int64_t i, int64_t h) const {
    return (low[i] == h ? T(1) - f[i] : T(0)) + (high[i] == h ? f[i] : T(0));
  }
};

// Both axes in a kernel's workspace.
template <typename T>
struct Axes {
  Axis<T> h, w;

  Axes(int64_t in_h, int64_t in_w, const Resize2dAttrs& attrs, Scratch* s)
      : h(in_h, attrs.out_h, s), w(in_w, attrs.out_w, s) {}
  void Fill(const Resize2dAttrs& attrs) {
    const bool nearest = attrs.mode == "nearest";
    h.Fill(nearest, attrs.align_corners);
    w.Fill(nearest, attrs.align_corners);
  }
};

}  // namespace lockstep::ops::resize2d
