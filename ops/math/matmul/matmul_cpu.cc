// SPDX-License-Identifier: Apache-2.0
#include "ops/math/matmul/matmul_cpu.h"

#include <algorithm>

#include "ops/core/packed_product.h"
#include "ops/core/scratch.h"

namespace lockstep::ops::matmul {

namespace {

template <typename T>
struct Layout {
  int64_t m, n, k;
  T* packed;  // one tile of b's columns, packed: the whole of a large b would not fit the workspace
  int64_t *x_row, *x_depth, *b_depth, *y_row;

  Layout(const MatMulAttrs& attrs, const NodeSpec& node, Scratch* scratch)
      : m(node.out[0].shape[0]),
        n(node.out[0].shape[1]),
        k(node.in[0].shape[attrs.transpose_a ? 0 : 1]),
        packed(scratch->Take<T>(PackedElements<T>(k, kTileColumns<T>))),
        x_row(scratch->Take<int64_t>(m)),
        x_depth(scratch->Take<int64_t>(k)),
        b_depth(scratch->Take<int64_t>(k)),
        y_row(scratch->Take<int64_t>(m)) {}
};

template <typename T>
int64_t WorkspaceOf(const MatMulAttrs& attrs, const NodeSpec& node) {
  Scratch scratch;
  Layout<T>(attrs, node, &scratch);
  return scratch.bytes();
}

}  // namespace

int64_t Workspace(const MatMulAttrs& attrs, const NodeSpec& node) {
  return ComputeType(node) == DType::kFloat64 ? WorkspaceOf<double>(attrs, node)
                                              : WorkspaceOf<float>(attrs, node);
}

template <typename T>
void Reference(const MatMulAttrs& attrs, const ReferenceArgs& args) {
  Scratch scratch(args.run.workspace);
  const Layout<T> s(attrs, args.node, &scratch);
  FillStrides(s.m, attrs.transpose_a ? 1 : s.k, s.x_row);
  FillStrides(s.k, attrs.transpose_a ? s.m : 1, s.x_depth);
  FillStrides(s.k, attrs.transpose_b ? 1 : s.n, s.b_depth);
  FillStrides(s.m, s.n, s.y_row);
  const int64_t j_stride = attrs.transpose_b ? s.k : 1;
  for (int64_t column = 0; column < s.n; column += kTileColumns<T>) {
    const int64_t columns = std::min(kTileColumns<T>, s.n - column);
    PackColumns(args.in<T>(1) + column * j_stride, s.b_depth, j_stride, s.k, columns, s.packed);
    PackedProduct<T>({.x = args.in<T>(0),
                      .x_row = s.x_row,
                      .x_depth = s.x_depth,
                      .packed = s.packed,
                      .y = args.out<T>(0) + column,
                      .y_row = s.y_row,
                      .rows = s.m,
                      .columns = columns,
                      .depth = s.k});
  }
}

template void Reference<float>(const MatMulAttrs&, const ReferenceArgs&);
template void Reference<double>(const MatMulAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::matmul
