// SPDX-License-Identifier: Apache-2.0
#include "ops/math/matmul/matmul_cpu.h"

#include "ops/core/packed_product.h"
#include "ops/core/scratch.h"

namespace lockstep::ops::matmul {

namespace {

template <typename T>
struct Layout {
  int64_t m, n, k;
  T* packed;  // b, packed
  int64_t *x_row, *x_depth, *b_depth, *y_row;

  Layout(const MatMulAttrs& attrs, const NodeSpec& node, Scratch* scratch)
      : m(node.out[0].shape[0]),
        n(node.out[0].shape[1]),
        k(node.in[0].shape[attrs.transpose_a ? 0 : 1]),
        packed(scratch->Take<T>(PackedElements<T>(k, n))),
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
  PackColumns(args.in<T>(1), s.b_depth, attrs.transpose_b ? s.k : 1, s.k, s.n, s.packed);
  PackedProduct<T>({.x = args.in<T>(0),
                    .x_row = s.x_row,
                    .x_depth = s.x_depth,
                    .packed = s.packed,
                    .y = args.out<T>(0),
                    .y_row = s.y_row,
                    .rows = s.m,
                    .columns = s.n,
                    .depth = s.k});
}

template void Reference<float>(const MatMulAttrs&, const ReferenceArgs&);
template void Reference<double>(const MatMulAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::matmul
