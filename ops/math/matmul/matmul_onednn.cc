// SPDX-License-Identifier: Apache-2.0
#include "ops/core/activation_onednn.h"
#include "ops/math/matmul/matmul_bias.h"

namespace lockstep::ops::matmul {
namespace {

using dnnl::memory;

// (rows, columns) as op() makes of a row-major matrix in memory.
memory::desc Matrix(const Shape& shape, bool transpose) {
  const int64_t rows = shape[0], columns = shape[1];
  return transpose ? OnednnTensor({columns, rows}, {1, columns})
                   : OnednnTensor({rows, columns}, {columns, 1});
}

struct Operands {
  memory::desc a, b, y;

  Operands(const MatMulAttrs& attrs, const NodeSpec& node)
      : a(Matrix(node.in[0].shape, attrs.transpose_a)),
        b(Matrix(node.in[1].shape, attrs.transpose_b)),
        y(Matrix(node.out[0].shape, false)) {}

  std::vector<OnednnArg> args() const {
    return {
        {DNNL_ARG_SRC, false, 0, a}, {DNNL_ARG_WEIGHTS, false, 1, b}, {DNNL_ARG_DST, true, 0, y}};
  }
};

OnednnProblem Product(const NodeSpec& node) {
  const Operands o(*Unpack<MatMulAttrs>(node.attrs), node);
  return Forward<dnnl::matmul>({o.a, o.b, o.y}, OnednnAttr(), o.args());
}

OnednnProblem ProductBias(const NodeSpec& node) {
  const MatMulBiasAttrs attrs = *Unpack<MatMulBiasAttrs>(node.attrs);
  const Operands o(attrs, node);
  const int64_t columns = node.out[0].shape[1];
  const memory::desc bias = OnednnTensor({1, columns}, {columns, 1});
  std::vector<OnednnArg> args = o.args();
  args.push_back({DNNL_ARG_BIAS, false, 2, bias});
  return Forward<dnnl::matmul>({o.a, o.b, bias, o.y}, OnednnAttr(attrs.activation), args);
}

}  // namespace

void RegisterOnednn(OpRegistry& registry) {
  registry.AddKernel("matmul", OnednnKernel(Product));
  registry.AddKernel("matmul_bias", OnednnKernel(ProductBias));
}

}  // namespace lockstep::ops::matmul
