// SPDX-License-Identifier: Apache-2.0
#include "ops/norm/batch_norm/batch_norm_relu.h"

#include <algorithm>

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/math/add/add.h"
#include "ops/nn/relu/relu.h"
#include "ops/norm/batch_norm/batch_norm_cpu.h"

namespace lockstep::ops::batch_norm {
namespace {

// x and `names` as ExpectChannels has them; then `likes`, each like x.
Status ExpectOperands(std::span<const TensorType> in, std::span<const std::string_view> names,
                      std::span<const std::string_view> likes) {
  RETURN_IF_ERROR(ExpectInputs(in, 1 + names.size() + likes.size()));
  RETURN_IF_ERROR(ExpectChannels(in, names));
  for (size_t i = 0; i < likes.size(); ++i) {
    RETURN_IF_ERROR(ExpectSame(in[0], in[1 + names.size() + i], likes[i]));
  }
  return OkStatus();
}

constexpr std::string_view kResidual[] = {"x and residual"};

std::span<const std::string_view> ResidualOf(const BatchNormReluAttrs& attrs) {
  return std::span(kResidual).first(attrs.residual ? 1 : 0);
}

Result<TensorTypes> InferTrain(const BatchNormReluAttrs& attrs, std::span<const TensorType> in) {
  constexpr std::string_view kNames[] = {"gamma", "beta"};
  RETURN_IF_ERROR(ExpectPositiveEps(attrs.eps));
  RETURN_IF_ERROR(ExpectOperands(in, kNames, ResidualOf(attrs)));
  return TensorTypes{in[0], in[1], in[1], in[1]};
}

Result<TensorTypes> InferReluGrad(const NoAttrs&, std::span<const TensorType> in) {
  constexpr std::string_view kNames[] = {"gamma", "beta", "mean", "inv_std"};
  constexpr std::string_view kLikes[] = {"x and dy"};
  RETURN_IF_ERROR(ExpectOperands(in, kNames, kLikes));
  return TensorTypes{in[0], in[1], in[1]};
}

Result<TensorTypes> InferAddReluGrad(const NoAttrs&, std::span<const TensorType> in) {
  constexpr std::string_view kNames[] = {"gamma", "mean", "inv_std"};
  constexpr std::string_view kLikes[] = {"x and y", "x and dy"};
  RETURN_IF_ERROR(ExpectOperands(in, kNames, kLikes));
  return TensorTypes{in[0], in[1], in[1], in[0]};
}

Result<TensorTypes> InferInfer(const BatchNormReluAttrs& attrs, std::span<const TensorType> in) {
  constexpr std::string_view kNames[] = {"gamma", "beta", "running_mean", "running_var"};
  RETURN_IF_ERROR(ExpectPositiveEps(attrs.eps));
  RETURN_IF_ERROR(ExpectOperands(in, kNames, ResidualOf(attrs)));
  return TensorTypes{in[0]};
}

// max(0, y [+ the last input]).
Value Rest(const BatchNormReluAttrs& attrs, Emitter* e, Value y, std::span<const Value> in) {
  return Relu(e, attrs.residual ? Add(e, y, in.back()) : y);
}

std::vector<Value> ExpandTrain(const BatchNormReluAttrs& attrs, Emitter* e,
                               std::span<const Value> in) {
  std::vector<Value> out =
      e->Emit("batch_norm_train", Pack(BatchNormAttrs{attrs.eps}), in.first(3));
  out[0] = Rest(attrs, e, out[0], in);
  return out;
}

std::vector<Value> ExpandAddReluGrad(const NoAttrs&, Emitter* e, std::span<const Value> in) {
  const Value masked = e->Emit1("relu_grad", Pack(NoAttrs{}), {in[4], in[5]});
  const Value operands[] = {in[0], in[1], in[2], in[3], masked};
  std::vector<Value> out = e->Emit("batch_norm_grad", Pack(NoAttrs{}), operands);
  out.push_back(masked);
  return out;
}

std::vector<Value> ExpandInfer(const BatchNormReluAttrs& attrs, Emitter* e,
                               std::span<const Value> in) {
  const Value y = BatchNormInfer(e, in[0], in[1], in[2], in[3], in[4], attrs.eps);
  return {Rest(attrs, e, y, in)};
}

// The gradients of all inputs; Grad says which of them are wanted.
std::vector<Value> GradOfAll(const BatchNormReluAttrs& attrs, const GradArgs& g) {
  const Value x = g.in[0], gamma = g.in[1], mean = g.out[1], inv_std = g.out[3], dy = g.dout[0];
  if (attrs.residual) {
    const Value in[] = {x, gamma, mean, inv_std, g.out[0], dy};
    return g.emit->Emit("batch_norm_add_relu_grad", Pack(NoAttrs{}), in);
  }
  const Value in[] = {x, gamma, g.in[2], mean, inv_std, dy};
  return g.emit->Emit("batch_norm_relu_grad", Pack(NoAttrs{}), in);
}

std::vector<Value> Grad(const BatchNormReluAttrs& attrs, const GradArgs& g) {
  if (!g.want[0] && !g.want[1] && !g.want[2]) {  // of the residual alone
    return {{}, {}, {}, g.emit->Emit1("relu_grad", Pack(NoAttrs{}), {g.out[0], g.dout[0]})};
  }
  std::vector<Value> din = GradOfAll(attrs, g);
  for (size_t i = 0; i < din.size(); ++i) {
    if (!g.want[i]) din[i] = Value();
  }
  return din;
}

std::vector<Value> GradInfer(const BatchNormReluAttrs& attrs, const GradArgs& g) {
  const Value masked = g.emit->Emit1("relu_grad", Pack(NoAttrs{}), {g.out[0], g.dout[0]});
  std::vector<Value> din(5);
  if (std::any_of(g.want.begin(), g.want.begin() + 5, [](bool wanted) { return wanted; })) {
    din = BatchNormInferGrad(attrs.eps, g, masked);
  }
  if (attrs.residual) din.push_back(g.want[5] ? masked : Value());
  return din;
}

// The chains with and without the sum, from a batch norm called `norm`.
std::vector<FusedChain> Chains(const std::string& norm) {
  const auto attrs = [](bool residual) {
    return [residual](std::span<const Attrs* const> chain) {
      return Pack(BatchNormReluAttrs{Unpack<BatchNormAttrs>(*chain[0])->eps, residual});
    };
  };
  return {{{norm, "add", "relu"}, attrs(true)}, {{norm, "relu"}, attrs(false)}};
}

// The operations of batch_norm, and 1 or 2 for the sum and the maximum.
template <int kAnElement>
Cost CostOf(const BatchNormReluAttrs& attrs, const NodeSpec& node) {
  return {(kAnElement + (attrs.residual ? 2 : 1)) * node.in[0].shape.elements(), BytesMoved(node)};
}

// batch_norm_grad's 12, and `kMore` for the mask, found twice.
template <int kMore>
Cost GradCost(const NoAttrs&, const NodeSpec& node) {
  return {(12 + kMore) * node.in[0].shape.elements(), BytesMoved(node)};
}

// x, the per-channel vectors, then `likes` tensors like x.
Sample MakeSample(std::string name, Attrs attrs, const Shape& x, const std::vector<Fill>& vectors,
                  int likes) {
  Sample sample = {std::move(name), std::move(attrs), {{{DType::kFloat32, x}}}};
  for (const Fill fill : vectors) {
    sample.in.push_back({{DType::kFloat32, {x[x.rank() - 1]}}, fill});
  }
  for (int i = 0; i < likes; ++i) {
    sample.in.push_back({{DType::kFloat32, x}, Fill::kAwayFromZero});
  }
  return sample;
}

const std::pair<const char*, Shape> kShapes[] = {
    {"image", {3, 4, 5, 6}}, {"wide", {2, 3, 3, 19}}, {"one_row", {1, 3}}, {"no_rows", {0, 3}}};

// Every shape with and without a residual.
std::vector<Sample> Samples(const std::vector<Fill>& vectors) {
  std::vector<Sample> samples;
  for (const bool residual : {false, true}) {
    for (const auto& [name, x] : kShapes) {
      samples.push_back(MakeSample(name + std::string(residual ? "_residual" : ""),
                                   Pack(BatchNormReluAttrs{1e-5, residual}), x, vectors,
                                   residual ? 1 : 0));
    }
  }
  return samples;
}

std::vector<Sample> GradSamples(const std::vector<Fill>& vectors, int likes) {
  std::vector<Sample> samples;
  for (const auto& [name, x] : kShapes) {
    samples.push_back(MakeSample(name, Pack(NoAttrs{}), x, vectors, likes));
  }
  return samples;
}

}  // namespace

void RegisterRelu(OpRegistry& registry) {
  constexpr Fill kNormal = Fill::kNormal, kPositive = Fill::kPositive;
  registry.Add<BatchNormReluAttrs>({.name = "batch_norm_relu_train",
                                    .infer = InferTrain,
                                    .expand = ExpandTrain,
                                    .chains = Chains("batch_norm_train"),
                                    .grad = Grad,
                                    .detached_outputs = {1, 2, 3},
                                    .may_alias = {{0, 0}},
                                    .cost = CostOf<8>,
                                    .samples = Samples({kNormal, kNormal})});
  registry.Add<NoAttrs>({.name = "batch_norm_relu_grad",
                         .infer = InferReluGrad,
                         .reference_f32 = ReferenceReluGrad<float>,
                         .reference_f64 = ReferenceReluGrad<double>,
                         .reference_workspace = WorkspaceGrad,
                         .may_alias = {{5, 0}},
                         .cost = GradCost<6>,
                         .samples = GradSamples({kNormal, kNormal, kNormal, kPositive}, 1)});
  registry.Add<NoAttrs>({.name = "batch_norm_add_relu_grad",
                         .infer = InferAddReluGrad,
                         .expand = ExpandAddReluGrad,
                         .may_alias = {{5, 0}, {4, 3}},
                         .cost = GradCost<1>,
                         .samples = GradSamples({kNormal, kNormal, kPositive}, 2)});
  registry.Add<BatchNormReluAttrs>({.name = "batch_norm_relu_infer",
                                    .infer = InferInfer,
                                    .expand = ExpandInfer,
                                    .chains = Chains("batch_norm_infer"),
                                    .grad = GradInfer,
                                    .may_alias = {{0, 0}},
                                    .cost = CostOf<4>,
                                    .samples = Samples({kNormal, kNormal, kNormal, kPositive})});
}

}  // namespace lockstep::ops::batch_norm
