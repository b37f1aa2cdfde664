// SPDX-License-Identifier: Apache-2.0
#include "ops/math/matmul/matmul_bias.h"

#include "ops/core/activation.h"
#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/math/bias_add/bias_add.h"
#include "ops/math/matmul/matmul_cpu.h"

namespace lockstep::ops::matmul {
namespace {

Result<TensorTypes> Infer(const MatMulBiasAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 3));
  RETURN_IF_ERROR(ExpectActivation(attrs.activation));
  ASSIGN_OR_RETURN(TensorTypes out, InferProduct(attrs, in.first(2)));
  RETURN_IF_ERROR(ExpectDType(in[2], in[0].dtype, "bias"));
  RETURN_IF_ERROR(ExpectShape(in[2], {out[0].shape[1]}, "bias"));
  return out;
}

std::vector<Value> Expand(const MatMulBiasAttrs& attrs, Emitter* e, std::span<const Value> in) {
  const Value y = MatMul(e, in[0], in[1], attrs.transpose_a, attrs.transpose_b);
  return {Activate(e, attrs.activation, BiasAdd(e, y, in[2]))};
}

std::vector<Value> Grad(const MatMulBiasAttrs& attrs, const GradArgs& g) {
  const Value dz = ActivationGrad(g.emit, attrs.activation, g.out[0], g.dout[0]);
  std::vector<Value> din =
      MatMulGradients(g.emit, attrs, g.in[0], g.in[1], dz, g.want[0], g.want[1]);
  din.push_back(g.want[2] ? g.emit->Emit1("bias_grad", Pack(NoAttrs{}), {dz}) : Value());
  return din;
}

Cost ProductCost(const MatMulBiasAttrs& attrs, const NodeSpec& node) {
  const int64_t k = node.in[0].shape[attrs.transpose_a ? 0 : 1];
  return {2 * node.out[0].shape.elements() * (k + 1), BytesMoved(node)};
}

std::vector<FusedChain> Chains() {
  std::vector<FusedChain> chains;
  const auto attrs = [](std::string activation) {
    return [activation](std::span<const Attrs* const> chain) {
      return Pack(MatMulBiasAttrs{*Unpack<MatMulAttrs>(*chain[0]), activation});
    };
  };
  for (const std::string_view name : kActivations) {
    chains.push_back({{"matmul", "bias_add", std::string(name)}, attrs(std::string(name))});
  }
  chains.push_back({{"matmul", "bias_add"}, attrs("none")});
  return chains;
}

Sample MakeSample(std::string name, const MatMulBiasAttrs& attrs, int64_t m, int64_t k, int64_t n) {
  const Shape a = attrs.transpose_a ? Shape{k, m} : Shape{m, k};
  const Shape b = attrs.transpose_b ? Shape{n, k} : Shape{k, n};
  return {std::move(name),
          Pack(attrs),
          {{{DType::kFloat32, a}}, {{DType::kFloat32, b}}, {{DType::kFloat32, {n}}}}};
}

}  // namespace

void RegisterBias(OpRegistry& registry) {
  registry.Add<MatMulBiasAttrs>(
      {.name = "matmul_bias",
       .infer = Infer,
       .expand = Expand,
       .chains = Chains(),
       .grad = Grad,
       .cost = ProductCost,
       .samples = {MakeSample("plain", {}, 3, 5, 4),
                   MakeSample("linear_relu", {{false, true}, "relu"}, 5, 17, 9),
                   MakeSample("linear", {{false, true}, "none"}, 5, 7, 16),
                   MakeSample("transposed", {{true, false}, "relu"}, 4, 3, 5),
                   MakeSample("no_rows", {{false, true}, "relu"}, 0, 3, 2)}});
}

}  // namespace lockstep::ops::matmul
