// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/conv2d/conv2d_cpu.h"

#include "ops/core/packed_product.h"
#include "ops/core/scratch.h"
#include "ops/nn/conv2d/conv2d_geometry.h"

namespace lockstep::ops::conv2d {
namespace {

// Rows are the pixels of an output image, columns the output channels of a group, depth the taps.
template <typename T>
struct Layout {
  T* image;   // one padded image
  T* packed;  // the weights, a group after the other
  int64_t *x_row, *x_depth, *w_depth, *y_row;

  Layout(const Geometry& g, Scratch* scratch)
      : image(scratch->Take<T>(g.padded_h() * g.padded_w() * g.c)),
        packed(scratch->Take<T>(g.groups * PackedElements<T>(g.taps(), g.group_k()))),
        x_row(scratch->Take<int64_t>(g.p * g.q)),
        x_depth(scratch->Take<int64_t>(g.taps())),
        w_depth(scratch->Take<int64_t>(g.taps())),
        y_row(scratch->Take<int64_t>(g.p * g.q)) {}
};

template <typename T>
int64_t WorkspaceOf(const Geometry& g) {
  Scratch scratch;
  Layout<T>(g, &scratch);
  return scratch.bytes();
}

}  // namespace

int64_t Workspace(const Conv2dAttrs&, const NodeSpec& node) {
  const Geometry g = ForwardGeometry(node);
  return ComputeType(node) == DType::kFloat64 ? WorkspaceOf<double>(g) : WorkspaceOf<float>(g);
}

template <typename T>
void Reference(const Conv2dAttrs& attrs, const ReferenceArgs& args) {
  const Geometry g = *MakeGeometry(attrs, args.in_shape(0), args.in_shape(1));
  Scratch scratch(args.run.workspace);
  const Layout<T> s(g, &scratch);
  FillPixelOffsets(g, s.x_row);
  FillTapOffsets(g, s.x_depth);
  FillStrides(g.taps(), 1, s.w_depth);
  FillStrides(g.p * g.q, g.k, s.y_row);
  const int64_t group_packed = PackedElements<T>(g.taps(), g.group_k());
  for (int64_t group = 0; group < g.groups; ++group) {
    PackColumns(args.in<T>(1) + group * g.group_k() * g.taps(), s.w_depth, g.taps(), g.taps(),
                g.group_k(), s.packed + group * group_packed);
  }
  for (int64_t n = 0; n < g.n; ++n) {
    PadImage(g, args.in<T>(0) + n * g.h * g.w * g.c, s.image);
    T* y = args.out<T>(0) + n * g.p * g.q * g.k;
    for (int64_t group = 0; group < g.groups; ++group) {
      PackedProduct<T>({.x = s.image + group * g.group_c(),
                        .x_row = s.x_row,
                        .x_depth = s.x_depth,
                        .packed = s.packed + group * group_packed,
                        .y = y + group * g.group_k(),
                        .y_row = s.y_row,
                        .rows = g.p * g.q,
                        .columns = g.group_k(),
                        .depth = g.taps()});
    }
  }
}

template void Reference<float>(const Conv2dAttrs&, const ReferenceArgs&);
template void Reference<double>(const Conv2dAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::conv2d
