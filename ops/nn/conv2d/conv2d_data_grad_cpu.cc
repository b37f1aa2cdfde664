// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ops/core/packed_product.h"
#include "ops/core/scratch.h"
#include "ops/nn/conv2d/conv2d_cpu.h"
#include "ops/nn/conv2d/conv2d_geometry.h"

namespace lockstep::ops::conv2d {
namespace {

Geometry GeometryOf(const Conv2dDataGradAttrs& attrs, const Shape& dy, const Shape& w) {
  return *MakeGeometry(attrs, {dy[0], attrs.in_h, attrs.in_w, w[3] * attrs.groups}, w);
}

// One axis. Pixel i = phase + j * stride of dx is touched by output position p through tap r where
// p * stride = i + padding - r * dilation: by the taps of its phase only, each with
// p = Output(phase, r) + j.
struct Axis {
  Window window;
  int64_t in, outputs;
  int64_t low, high;  // all p that any pixel and tap meet, also outside [0, outputs)

  Axis(const Window& window, int64_t in, int64_t outputs)
      : window(window), in(in), outputs(outputs) {
    const int64_t first = window.padding - (window.span() - 1);
    low = first >= 0 ? first / window.stride : -((window.stride - 1 - first) / window.stride);
    high = std::max(low - 1, (in - 1 + window.padding) / window.stride);
  }
  int64_t size() const { return high - low + 1; }
  int64_t phases() const { return std::min(window.stride, in); }
  int64_t Pixels(int64_t phase) const { return (in - phase + window.stride - 1) / window.stride; }
  bool Meets(int64_t phase, int64_t r) const { return Distance(phase, r) % window.stride == 0; }
  int64_t Output(int64_t phase, int64_t r) const { return Distance(phase, r) / window.stride; }

 private:
  int64_t Distance(int64_t phase, int64_t r) const {
    return phase + window.padding - r * window.dilation;
  }
};

// Rows are the pixels of dx of one phase, columns the input channels of a group, depth the phase's
// taps times the output channels of a group.
template <typename T>
struct Layout {
  T* image;   // one image of dy over [low, high] of both axes
  T* packed;  // the weights of one phase and group
  int64_t *dy_row, *dy_depth, *w_depth, *dx_row;

  Layout(const Geometry& g, const Axis& h, const Axis& w, Scratch* scratch)
      : image(scratch->Take<T>(h.size() * w.size() * g.k)),
        packed(scratch->Take<T>(PackedElements<T>(g.r * g.s * g.group_k(), g.group_c()))),
        dy_row(scratch->Take<int64_t>(g.h * g.w)),
        dy_depth(scratch->Take<int64_t>(g.r * g.s * g.group_k())),
        w_depth(scratch->Take<int64_t>(g.r * g.s * g.group_k())),
        dx_row(scratch->Take<int64_t>(g.h * g.w)) {}
};

// dy (P, Q, K) of one image, with zeros where [low, high] goes beyond it.
template <typename T>
void PadOutputs(const Geometry& g, const Axis& h, const Axis& w, const T* dy, T* padded) {
  for (int64_t p = h.low; p <= h.high; ++p) {
    for (int64_t q = w.low; q <= w.high; ++q, padded += g.k) {
      const bool inside = p >= 0 && p < g.p && q >= 0 && q < g.q;
      if (inside) {
        std::copy_n(dy + (p * g.q + q) * g.k, g.k, padded);
      } else {
        std::fill_n(padded, g.k, T(0));
      }
    }
  }
}

// The offset tables of phase (a, b); returns its depth.
template <typename T>
int64_t FillTables(const Geometry& g, const Axis& h, const Axis& w, int64_t a, int64_t b,
                   const Layout<T>& s) {
  for (int64_t i = 0, row = 0; i < h.Pixels(a); ++i) {
    for (int64_t j = 0; j < w.Pixels(b); ++j, ++row) {
      s.dy_row[row] = (i * w.size() + j) * g.k;
      s.dx_row[row] = ((a + i * h.window.stride) * g.w + b + j * w.window.stride) * g.c;
    }
  }
  int64_t depth = 0;
  for (int64_t r = 0; r < g.r; ++r) {
    if (!h.Meets(a, r)) continue;
    for (int64_t t = 0; t < g.s; ++t) {
      if (!w.Meets(b, t)) continue;
      const int64_t pixel = (h.Output(a, r) - h.low) * w.size() + w.Output(b, t) - w.low;
      for (int64_t k = 0; k < g.group_k(); ++k, ++depth) {
        s.dy_depth[depth] = pixel * g.k + k;
        s.w_depth[depth] = ((k * g.r + r) * g.s + t) * g.group_c();
      }
    }
  }
  return depth;
}

template <typename T>
int64_t WorkspaceOf(const Geometry& g) {
  Scratch scratch;
  Layout<T>(g, Axis(g.window_h, g.h, g.p), Axis(g.window_w, g.w, g.q), &scratch);
  return scratch.bytes();
}

}  // namespace

int64_t WorkspaceDataGrad(const Conv2dDataGradAttrs& attrs, const NodeSpec& node) {
  const Geometry g = GeometryOf(attrs, node.in[0].shape, node.in[1].shape);
  return ComputeType(node) == DType::kFloat64 ? WorkspaceOf<double>(g) : WorkspaceOf<float>(g);
}

template <typename T>
void ReferenceDataGrad(const Conv2dDataGradAttrs& attrs, const ReferenceArgs& args) {
  const Geometry g = GeometryOf(attrs, args.in_shape(0), args.in_shape(1));
  const Axis h(g.window_h, g.h, g.p), w(g.window_w, g.w, g.q);
  Scratch scratch(args.run.workspace);
  const Layout<T> s(g, h, w, &scratch);
  for (int64_t phase = 0; phase < h.phases() * w.phases(); ++phase) {
    const int64_t a = phase / w.phases(), b = phase % w.phases();
    const int64_t depth = FillTables(g, h, w, a, b, s);
    for (int64_t group = 0; group < g.groups; ++group) {
      PackColumns(args.in<T>(1) + group * g.group_k() * g.taps(), s.w_depth, 1, depth, g.group_c(),
                  s.packed);
      for (int64_t n = 0; n < g.n; ++n) {
        PadOutputs(g, h, w, args.in<T>(0) + n * g.p * g.q * g.k, s.image);
        PackedProduct<T>({.x = s.image + group * g.group_k(),
                          .x_row = s.dy_row,
                          .x_depth = s.dy_depth,
                          .packed = s.packed,
                          .y = args.out<T>(0) + n * g.h * g.w * g.c + group * g.group_c(),
                          .y_row = s.dx_row,
                          .rows = h.Pixels(a) * w.Pixels(b),
                          .columns = g.group_c(),
                          .depth = depth});
      }
    }
  }
}

template void ReferenceDataGrad<float>(const Conv2dDataGradAttrs&, const ReferenceArgs&);
template void ReferenceDataGrad<double>(const Conv2dDataGradAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::conv2d
