// SPDX-License-Identifier: Apache-2.0
#include "ops/math/matmul/matmul.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/math/matmul/matmul_bias.h"
#include "ops/math/matmul/matmul_cpu.h"

namespace lockstep::ops {

Value MatMul(Emitter* e, Value a, Value b, bool transpose_a, bool transpose_b) {
  return e->Emit1("matmul", Pack(MatMulAttrs{transpose_a, transpose_b}), {a, b});
}

std::vector<Value> MatMulGradients(Emitter* e, const MatMulAttrs& attrs, Value a, Value b, Value dy,
                                   bool want_a, bool want_b) {
  const auto [ta, tb] = attrs;
  std::vector<Value> din(2);
  if (want_a) din[0] = ta ? MatMul(e, b, dy, tb, true) : MatMul(e, dy, b, false, !tb);
  if (want_b) din[1] = tb ? MatMul(e, dy, a, true, ta) : MatMul(e, a, dy, !ta, false);
  return din;
}

namespace matmul {
namespace {

std::vector<Value> Grad(const MatMulAttrs& attrs, const GradArgs& g) {
  return MatMulGradients(g.emit, attrs, g.in[0], g.in[1], g.dout[0], g.want[0], g.want[1]);
}

Cost ProductCost(const MatMulAttrs& attrs, const NodeSpec& node) {
  const int64_t k = node.in[0].shape[attrs.transpose_a ? 0 : 1];
  return {2 * node.out[0].shape.elements() * k, BytesMoved(node)};
}

Sample MakeSample(std::string name, bool ta, bool tb, int64_t m, int64_t k, int64_t n) {
  const Shape a = ta ? Shape{k, m} : Shape{m, k};
  const Shape b = tb ? Shape{n, k} : Shape{k, n};
  return {
      std::move(name), Pack(MatMulAttrs{ta, tb}), {{{DType::kFloat32, a}}, {{DType::kFloat32, b}}}};
}

}  // namespace

Result<TensorTypes> InferProduct(const MatMulAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(ExpectFloat(in[0], "a"));
  RETURN_IF_ERROR(ExpectDType(in[1], in[0].dtype, "b"));
  RETURN_IF_ERROR(ExpectRank(in[0], 2, "a"));
  RETURN_IF_ERROR(ExpectRank(in[1], 2, "b"));
  const int64_t m = in[0].shape[attrs.transpose_a ? 1 : 0];
  const int64_t k = in[0].shape[attrs.transpose_a ? 0 : 1];
  const int64_t b_k = in[1].shape[attrs.transpose_b ? 1 : 0];
  const int64_t n = in[1].shape[attrs.transpose_b ? 0 : 1];
  if (k != b_k) {
    return InvalidArgument("a is " + in[0].ToString() + " and b is " + in[1].ToString() +
                           "; expected equal inner dimensions, got " + std::to_string(k) + " and " +
                           std::to_string(b_k) + " with attributes " + Pack(attrs).ToText());
  }
  const TensorType y = {in[0].dtype, {m, n}};
  RETURN_IF_ERROR(ExpectSize(y, "y"));
  RETURN_IF_ERROR(ExpectSize({DType::kUInt8, {m, n, k}}, "the box of products"));
  return TensorTypes{y};
}

void Register(OpRegistry& registry) {
  registry.Add<MatMulAttrs>({
      .name = "matmul",
      .infer = InferProduct,
      .reference_f32 = Reference<float>,
      .reference_f64 = Reference<double>,
      .reference_workspace = Workspace,
      .grad = Grad,
      .cost = ProductCost,
      .samples = {MakeSample("odd", false, false, 5, 7, 11),
                  MakeSample("odd_ta", true, false, 6, 5, 9),
                  MakeSample("odd_tb", false, true, 7, 3, 13),
                  MakeSample("odd_ta_tb", true, true, 3, 10, 17),
                  MakeSample("whole_tiles", false, true, 8, 6, 16),
                  MakeSample("one_row", false, true, 1, 33, 10),
                  MakeSample("one_column", false, false, 9, 4, 1),
                  MakeSample("one_product", false, false, 4, 1, 4),
                  MakeSample("no_rows", false, true, 0, 4, 3),
                  MakeSample("no_depth", false, false, 2, 0, 3)},
  });
  RegisterBias(registry);
}

}  // namespace matmul
}  // namespace lockstep::ops
