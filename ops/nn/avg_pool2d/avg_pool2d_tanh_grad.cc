// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/avg_pool2d/avg_pool2d_tanh_grad.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"

namespace lockstep::ops::avg_pool2d {
namespace {

Result<TensorTypes> Infer(const AvgPool2dGradAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  ASSIGN_OR_RETURN(TensorTypes out, InferGrad(attrs, in.first(1)));
  RETURN_IF_ERROR(ExpectSame(out[0], in[1], "dx and t"));
  return out;
}

std::vector<Value> Expand(const AvgPool2dGradAttrs& attrs, Emitter* e, std::span<const Value> in) {
  return {e->Emit1("tanh_grad", Pack(NoAttrs{}),
                   {in[1], e->Emit1("avg_pool2d_grad", Pack(attrs), {in[0]})})};
}

std::vector<FusedChain> Chains() {
  return {{{"avg_pool2d_grad", "tanh_grad"},
           [](std::span<const Attrs* const> chain) { return *chain[0]; }}};
}

Cost CostOf(const AvgPool2dGradAttrs& a, const NodeSpec& node) {
  return {
      2 * node.in[0].shape.elements() * a.kernel_h * a.kernel_w + 3 * node.out[0].shape.elements(),
      BytesMoved(node)};
}

Sample MakeSample(std::string name, const AvgPool2dAttrs& attrs, const Shape& dy, const Shape& x) {
  return {std::move(name),
          Pack(AvgPool2dGradAttrs{attrs, x[1], x[2]}),
          {{{DType::kFloat32, dy}}, {{DType::kFloat32, x}}}};
}

}  // namespace

void RegisterTanhGrad(OpRegistry& registry) {
  registry.Add<AvgPool2dGradAttrs>(
      {.name = "avg_pool2d_tanh_grad",
       .infer = Infer,
       .expand = Expand,
       .chains = Chains(),
       .cost = CostOf,
       .samples = {MakeSample("lenet", {}, {2, 2, 7, 6}, {2, 4, 14, 6}),
                   MakeSample("overlap", {3, 3, 2, 2, 1, 1}, {2, 4, 3, 3}, {2, 7, 6, 3}),
                   MakeSample("rest_unused", {}, {1, 3, 2, 2}, {1, 7, 5, 2}),
                   MakeSample("no_rows", {}, {0, 2, 2, 2}, {0, 4, 4, 2})}});
}

}  // namespace lockstep::ops::avg_pool2d
