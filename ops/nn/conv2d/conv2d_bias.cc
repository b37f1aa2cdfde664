// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/conv2d/conv2d_bias.h"

#include "ops/core/activation.h"
#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/math/bias_add/bias_add.h"
#include "ops/nn/conv2d/conv2d_geometry.h"

namespace lockstep::ops::conv2d {
namespace {

Result<TensorTypes> Infer(const Conv2dBiasAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 3));
  RETURN_IF_ERROR(ExpectActivation(attrs.activation));
  ASSIGN_OR_RETURN(TensorTypes out, InferForward(attrs, in.first(2)));
  RETURN_IF_ERROR(ExpectDType(in[2], in[0].dtype, "b"));
  RETURN_IF_ERROR(ExpectShape(in[2], {out[0].shape[3]}, "b"));
  return out;
}

std::vector<Value> Expand(const Conv2dBiasAttrs& attrs, Emitter* e, std::span<const Value> in) {
  const Value y = BiasAdd(e, Conv2d(e, in[0], in[1], attrs), in[2]);
  return {Activate(e, attrs.activation, y)};
}

std::vector<Value> Grad(const Conv2dBiasAttrs& attrs, const GradArgs& g) {
  std::vector<Value> din(3);
  // Copies: what the emitter returns lives only until something is emitted.
  const Shape x = g.emit->TypeOf(g.in[0]).shape, w = g.emit->TypeOf(g.in[1]).shape;
  const Value dz = ActivationGrad(g.emit, attrs.activation, g.out[0], g.dout[0]);
  if (g.want[0]) {
    const Conv2dDataGradAttrs data = {attrs, x[1], x[2]};
    din[0] = g.emit->Emit1("conv2d_data_grad", Pack(data), {dz, g.in[1]});
  }
  if (g.want[1]) {
    const Conv2dWeightGradAttrs weight = {attrs, w[1], w[2]};
    const Value in[] = {g.in[0], dz};
    const std::vector<Value> out = g.emit->Emit("conv2d_bias_weight_grad", Pack(weight), in);
    din[1] = out[0];
    if (g.want[2]) din[2] = out[1];
  } else if (g.want[2]) {
    din[2] = g.emit->Emit1("bias_grad", Pack(NoAttrs{}), {dz});
  }
  return din;
}

// (x, dz) -> dw, db.
Result<TensorTypes> InferBiasWeightGrad(const Conv2dWeightGradAttrs& attrs,
                                        std::span<const TensorType> in) {
  ASSIGN_OR_RETURN(TensorTypes out, InferWeightGrad(attrs, in));
  out.push_back({in[1].dtype, {in[1].shape[3]}});
  return out;
}

std::vector<Value> ExpandWeightGrad(const Conv2dWeightGradAttrs& attrs, Emitter* e,
                                    std::span<const Value> in) {
  return {e->Emit1("conv2d_weight_grad", Pack(attrs), {in[0], in[1]}),
          e->Emit1("bias_grad", Pack(NoAttrs{}), {in[1]})};
}

// A sum and a maximum an output beside the products.
Cost ForwardCost(const Conv2dBiasAttrs&, const NodeSpec& node) {
  const Geometry g = ForwardGeometry<Conv2dBiasAttrs>(node);
  return {2 * g.macs() + 2 * node.out[0].shape.elements(), BytesMoved(node)};
}

Cost WeightGradCost(const Conv2dWeightGradAttrs&, const NodeSpec& node) {
  const Geometry g = WeightGradGeometry(node);
  return {2 * g.macs() + node.in[1].shape.elements(), BytesMoved(node)};
}

std::vector<FusedChain> Chains() {
  std::vector<FusedChain> chains;
  const auto attrs = [](std::string activation) {
    return [activation](std::span<const Attrs* const> chain) {
      return Pack(Conv2dBiasAttrs{*Unpack<Conv2dAttrs>(*chain[0]), activation});
    };
  };
  for (const std::string_view name : kActivations) {
    chains.push_back({{"conv2d", "bias_add", std::string(name)}, attrs(std::string(name))});
  }
  chains.push_back({{"conv2d", "bias_add"}, attrs("none")});
  return chains;
}

struct Case {
  std::string name;
  Conv2dAttrs attrs;
  Shape x, w;
};

std::vector<Case> Cases() {
  Conv2dAttrs pad2;
  pad2.padding_h = pad2.padding_w = 2;
  Conv2dAttrs pad1;
  pad1.padding_h = pad1.padding_w = 1;
  Conv2dAttrs grouped;
  grouped.stride_h = grouped.stride_w = 2;
  grouped.groups = 2;
  return {{"lenet_first", pad2, {2, 7, 7, 1}, {6, 5, 5, 1}},
          {"grouped", grouped, {2, 5, 6, 4}, {6, 3, 3, 2}},
          {"wide", {}, {2, 4, 5, 16}, {24, 3, 3, 16}},
          {"square_windows", pad1, {1, 5, 4, 3}, {9, 3, 3, 3}},
          {"no_rows", pad2, {0, 5, 5, 2}, {3, 3, 3, 2}}};
}

std::vector<Sample> Samples() {
  std::vector<Sample> samples;
  for (const Case& c : Cases()) {
    for (const std::string activation : {"none", "relu"}) {
      samples.push_back(
          {c.name + "_" + activation,
           Pack(Conv2dBiasAttrs{c.attrs, activation}),
           {{{DType::kFloat32, c.x}}, {{DType::kFloat32, c.w}}, {{DType::kFloat32, {c.w[0]}}}}});
    }
  }
  return samples;
}

std::vector<Sample> WeightGradSamples() {
  std::vector<Sample> samples;
  for (const Case& c : Cases()) {
    const Shape y = MakeGeometry(c.attrs, c.x, c.w)->y();
    samples.push_back({c.name,
                       Pack(Conv2dWeightGradAttrs{c.attrs, c.w[1], c.w[2]}),
                       {{{DType::kFloat32, c.x}}, {{DType::kFloat32, y}}}});
  }
  return samples;
}

}  // namespace

void RegisterBias(OpRegistry& registry) {
  registry.Add<Conv2dBiasAttrs>({.name = "conv2d_bias",
                                 .infer = Infer,
                                 .expand = Expand,
                                 .chains = Chains(),
                                 .grad = Grad,
                                 .cost = ForwardCost,
                                 .samples = Samples()});
  registry.Add<Conv2dWeightGradAttrs>({.name = "conv2d_bias_weight_grad",
                                       .infer = InferBiasWeightGrad,
                                       .expand = ExpandWeightGrad,
                                       .cost = WeightGradCost,
                                       .samples = WeightGradSamples()});
}

}  // namespace lockstep::ops::conv2d
