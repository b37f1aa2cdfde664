// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ops/core/packed_product.h"
#include "ops/core/scratch.h"
#include "ops/nn/conv2d/conv2d_cpu.h"
#include "ops/nn/conv2d/conv2d_geometry.h"

namespace lockstep::ops::conv2d {
namespace {

Geometry GeometryOf(const Conv2dWeightGradAttrs& attrs, const Shape& x, const Shape& dy) {
  return *MakeGeometry(attrs, x, {dy[3], attrs.kernel_h, attrs.kernel_w, x[3] / attrs.groups});
}

// Rows are the taps, columns the output channels of a group, depth the pixels of dy. All sums are
// in double and go on from image to image.
struct Layout {
  double* image;   // one padded image
  double* packed;  // one group of one image of dy
  double* sums;    // [groups][taps][K/groups]
  int64_t *x_row, *x_depth, *dy_depth, *sum_row;

  Layout(const Geometry& g, Scratch* scratch)
      : image(scratch->Take<double>(g.padded_h() * g.padded_w() * g.c)),
        packed(scratch->Take<double>(PackedElements<double>(g.p * g.q, g.group_k()))),
        sums(scratch->Take<double>(g.taps() * g.k)),
        x_row(scratch->Take<int64_t>(g.taps())),
        x_depth(scratch->Take<int64_t>(g.p * g.q)),
        dy_depth(scratch->Take<int64_t>(g.p * g.q)),
        sum_row(scratch->Take<int64_t>(g.taps())) {}
};

}  // namespace

int64_t WorkspaceWeightGrad(const Conv2dWeightGradAttrs& attrs, const NodeSpec& node) {
  Scratch scratch;
  Layout(GeometryOf(attrs, node.in[0].shape, node.in[1].shape), &scratch);
  return scratch.bytes();
}

template <typename T>
void ReferenceWeightGrad(const Conv2dWeightGradAttrs& attrs, const ReferenceArgs& args) {
  const Geometry g = GeometryOf(attrs, args.in_shape(0), args.in_shape(1));
  Scratch scratch(args.run.workspace);
  const Layout s(g, &scratch);
  const int64_t pixels = g.p * g.q;
  FillTapOffsets(g, s.x_row);
  FillPixelOffsets(g, s.x_depth);
  FillStrides(pixels, g.k, s.dy_depth);
  FillStrides(g.taps(), g.group_k(), s.sum_row);
  std::fill_n(s.sums, g.taps() * g.k, 0.0);
  const int64_t group_sums = g.taps() * g.group_k();
  for (int64_t n = 0; n < g.n; ++n) {
    PadImage(g, args.in<T>(0) + n * g.h * g.w * g.c, s.image);
    const T* dy = args.in<T>(1) + n * pixels * g.k;
    for (int64_t group = 0; group < g.groups; ++group) {
      PackColumns(dy + group * g.group_k(), s.dy_depth, 1, pixels, g.group_k(), s.packed);
      PackedProduct<double>({.x = s.image + group * g.group_c(),
                             .x_row = s.x_row,
                             .x_depth = s.x_depth,
                             .packed = s.packed,
                             .y = s.sums + group * group_sums,
                             .y_row = s.sum_row,
                             .rows = g.taps(),
                             .columns = g.group_k(),
                             .depth = pixels,
                             .accumulate = true});
    }
  }
  T* dw = args.out<T>(0);
  for (int64_t k = 0; k < g.k; ++k) {
    const double* sums = s.sums + k / g.group_k() * group_sums + k % g.group_k();
    for (int64_t tap = 0; tap < g.taps(); ++tap) {
      *dw++ = static_cast<T>(sums[tap * g.group_k()]);
    }
  }
}

template void ReferenceWeightGrad<float>(const Conv2dWeightGradAttrs&, const ReferenceArgs&);
template void ReferenceWeightGrad<double>(const Conv2dWeightGradAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::conv2d
