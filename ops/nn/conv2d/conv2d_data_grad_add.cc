// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/conv2d/conv2d_data_grad_add.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/math/add/add.h"
#include "ops/nn/conv2d/conv2d_geometry.h"

namespace lockstep::ops::conv2d {
namespace {

Result<TensorTypes> Infer(const Conv2dDataGradAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 3));
  ASSIGN_OR_RETURN(TensorTypes out, InferDataGrad(attrs, in.first(2)));
  RETURN_IF_ERROR(ExpectSame(out[0], in[2], "dx and dother"));
  const Geometry g = *MakeGeometry(attrs, out[0].shape, in[1].shape);
  if (!IsPointwise(g)) {
    return InvalidArgument(
        "conv2d_data_grad_add: expected a window of 1x1 with stride 1, no padding and no groups, "
        "and w is " +
        in[1].ToString());
  }
  return out;
}

std::vector<Value> Expand(const Conv2dDataGradAttrs& attrs, Emitter* e, std::span<const Value> in) {
  return {Add(e, in[2], e->Emit1("conv2d_data_grad", Pack(attrs), {in[0], in[1]}))};
}

std::vector<FusedChain> Chains() {
  return {
      {{"conv2d_data_grad", "add"}, [](std::span<const Attrs* const> chain) { return *chain[0]; }}};
}

// The gradient of a transposed convolution and of what is added to it.
std::vector<Value> Grad(const Conv2dDataGradAttrs& attrs, const GradArgs& g) {
  std::vector<Value> din(3);
  const Conv2dWeightGradAttrs weight = {attrs, 1, 1};
  if (g.want[0]) din[0] = Conv2d(g.emit, g.dout[0], g.in[1], attrs);
  if (g.want[1]) din[1] = g.emit->Emit1("conv2d_weight_grad", Pack(weight), {g.dout[0], g.in[0]});
  if (g.want[2]) din[2] = g.dout[0];
  return din;
}

Cost CostOf(const Conv2dDataGradAttrs&, const NodeSpec& node) {
  const Geometry g = DataGradGeometry(node);
  return {2 * g.macs() + node.out[0].shape.elements(), BytesMoved(node)};
}

Sample MakeSample(std::string name, const Shape& dy, int64_t channels) {
  const Shape dx = {dy[0], dy[1], dy[2], channels};
  return {std::move(name),
          Pack(Conv2dDataGradAttrs{{}, dy[1], dy[2]}),
          {{{DType::kFloat32, dy}},
           {{DType::kFloat32, {dy[3], 1, 1, channels}}},
           {{DType::kFloat32, dx}}}};
}

}  // namespace

void RegisterDataGradAdd(OpRegistry& registry) {
  registry.Add<Conv2dDataGradAttrs>(
      {.name = "conv2d_data_grad_add",
       .infer = Infer,
       .expand = Expand,
       .chains = Chains(),
       .grad = Grad,
       .may_alias = {{2, 0}},
       .cost = CostOf,
       .samples = {MakeSample("narrow", {2, 3, 2, 5}, 7), MakeSample("wide", {3, 5, 4, 40}, 33),
                   MakeSample("no_rows", {0, 3, 2, 4}, 5)}});
}

}  // namespace lockstep::ops::conv2d
