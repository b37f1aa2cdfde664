// SPDX-License-Identifier: Apache-2.0
#include "ops/norm/batch_norm/batch_norm.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/norm/batch_norm/batch_norm_cpu.h"
#include "ops/norm/batch_norm/batch_norm_relu.h"

namespace lockstep::ops {

BatchNormOut BatchNormTrain(Emitter* e, Value x, Value gamma, Value beta, double eps) {
  const Value in[] = {x, gamma, beta};
  const std::vector<Value> out = e->Emit("batch_norm_train", Pack(BatchNormAttrs{eps}), in);
  return {out[0], out[1], out[2]};
}

Value BatchNormInfer(Emitter* e, Value x, Value gamma, Value beta, Value running_mean,
                     Value running_var, double eps) {
  return e->Emit1("batch_norm_infer", Pack(BatchNormAttrs{eps}),
                  {x, gamma, beta, running_mean, running_var});
}

namespace batch_norm {

Status ExpectChannels(std::span<const TensorType> in, std::span<const std::string_view> names) {
  RETURN_IF_ERROR(ExpectFloat(in[0], "x"));
  const int64_t rank = in[0].shape.rank();
  if (rank < 2) {
    return InvalidArgument("x is " + in[0].ToString() +
                           "; expected at least two dimensions, the last one the channels");
  }
  for (size_t i = 0; i < names.size(); ++i) {
    RETURN_IF_ERROR(ExpectDType(in[i + 1], in[0].dtype, names[i]));
    RETURN_IF_ERROR(ExpectShape(in[i + 1], {in[0].shape[rank - 1]}, names[i]));
  }
  return OkStatus();
}

Status ExpectPositiveEps(double eps) {
  if (eps > 0) return OkStatus();
  return InvalidArgument("eps is " + std::to_string(eps) + "; expected above 0");
}

namespace {

// (x, gamma, beta) -> y, mean, unbiased_var, inv_std.
Result<TensorTypes> InferTrain(const BatchNormAttrs& attrs, std::span<const TensorType> in) {
  constexpr std::string_view kNames[] = {"gamma", "beta"};
  RETURN_IF_ERROR(ExpectInputs(in, 3));
  RETURN_IF_ERROR(ExpectPositiveEps(attrs.eps));
  RETURN_IF_ERROR(ExpectChannels(in, kNames));
  return TensorTypes{in[0], in[1], in[1], in[1]};
}

std::vector<Value> Grad(const BatchNormAttrs&, const GradArgs& g) {
  const Value in[] = {g.in[0], g.in[1], g.out[1], g.out[3], g.dout[0]};
  std::vector<Value> din = g.emit->Emit("batch_norm_grad", Pack(NoAttrs{}), in);
  for (size_t i = 0; i < din.size(); ++i) {
    if (!g.want[i]) din[i] = Value();
  }
  return din;
}

// (x, gamma, mean, inv_std, dy) -> dx, dgamma, dbeta.
Result<TensorTypes> InferGrad(const NoAttrs&, std::span<const TensorType> in) {
  constexpr std::string_view kNames[] = {"gamma", "mean", "inv_std"};
  RETURN_IF_ERROR(ExpectInputs(in, 5));
  RETURN_IF_ERROR(ExpectChannels(in, kNames));
  RETURN_IF_ERROR(ExpectSame(in[0], in[4], "x and dy"));
  return TensorTypes{in[0], in[1], in[1]};
}

// (x, gamma, beta, running_mean, running_var) -> y.
Result<TensorTypes> InferInfer(const BatchNormAttrs& attrs, std::span<const TensorType> in) {
  constexpr std::string_view kNames[] = {"gamma", "beta", "running_mean", "running_var"};
  RETURN_IF_ERROR(ExpectInputs(in, 5));
  RETURN_IF_ERROR(ExpectPositiveEps(attrs.eps));
  RETURN_IF_ERROR(ExpectChannels(in, kNames));
  return TensorTypes{in[0]};
}

// (x, gamma, running_mean, running_var, dy) -> dx, dgamma, dbeta, drunning_mean, drunning_var.
Result<TensorTypes> InferInferGrad(const BatchNormAttrs& attrs, std::span<const TensorType> in) {
  constexpr std::string_view kNames[] = {"gamma", "running_mean", "running_var"};
  RETURN_IF_ERROR(ExpectInputs(in, 5));
  RETURN_IF_ERROR(ExpectPositiveEps(attrs.eps));
  RETURN_IF_ERROR(ExpectChannels(in, kNames));
  RETURN_IF_ERROR(ExpectSame(in[0], in[4], "x and dy"));
  return TensorTypes{in[0], in[1], in[1], in[1], in[1]};
}

std::vector<Value> GradInfer(const BatchNormAttrs& attrs, const GradArgs& g) {
  return BatchNormInferGrad(attrs.eps, g, g.dout[0]);
}

// Arithmetic an element: mean 1, variance 3, normalise 4; backward 5 for the sums, 7 for dx.
Cost TrainCost(const BatchNormAttrs&, const NodeSpec& node) {
  return {8 * node.in[0].shape.elements(), BytesMoved(node)};
}

Cost GradCost(const NoAttrs&, const NodeSpec& node) {
  return {12 * node.in[0].shape.elements(), BytesMoved(node)};
}

Cost InferGradCost(const BatchNormAttrs&, const NodeSpec& node) {
  return {6 * node.in[0].shape.elements(), BytesMoved(node)};
}

Cost InferCost(const BatchNormAttrs&, const NodeSpec& node) {
  return {4 * node.in[0].shape.elements(), BytesMoved(node)};
}

// `vectors` per-channel inputs after x.
Sample MakeSample(std::string name, const Shape& x, std::vector<Fill> vectors, double eps) {
  Sample sample = {std::move(name), Pack(BatchNormAttrs{eps}), {{{DType::kFloat32, x}}}};
  for (const Fill fill : vectors) {
    sample.in.push_back({{DType::kFloat32, {x[x.rank() - 1]}}, fill});
  }
  return sample;
}

Sample MakeTrainSample(std::string name, const Shape& x, double eps = 1e-5) {
  return MakeSample(std::move(name), x, {Fill::kNormal, Fill::kNormal}, eps);
}

Sample MakeInferSample(std::string name, const Shape& x, double eps = 1e-5) {
  return MakeSample(std::move(name), x,
                    {Fill::kNormal, Fill::kNormal, Fill::kNormal, Fill::kPositive}, eps);
}

Sample MakeGradSample(std::string name, const Shape& x) {
  Sample sample =
      MakeSample(std::move(name), x, {Fill::kNormal, Fill::kNormal, Fill::kPositive}, 1e-5);
  sample.attrs = Pack(NoAttrs{});
  sample.in.push_back({{DType::kFloat32, x}});
  return sample;
}

Sample MakeInferGradSample(std::string name, const Shape& x, double eps = 1e-5) {
  Sample sample =
      MakeSample(std::move(name), x, {Fill::kNormal, Fill::kNormal, Fill::kPositive}, eps);
  sample.in.push_back({{DType::kFloat32, x}});
  return sample;
}

}  // namespace

std::vector<Value> BatchNormInferGrad(double eps, const GradArgs& g, Value dy) {
  const Value in[] = {g.in[0], g.in[1], g.in[3], g.in[4], dy};
  std::vector<Value> din = g.emit->Emit("batch_norm_infer_grad", Pack(BatchNormAttrs{eps}), in);
  for (size_t i = 0; i < din.size(); ++i) {
    if (!g.want[i]) din[i] = Value();
  }
  return din;
}

void Register(OpRegistry& registry) {
  registry.Add<BatchNormAttrs>(
      {.name = "batch_norm_train",
       .infer = InferTrain,
       .reference_f32 = ReferenceTrain<float>,
       .reference_f64 = ReferenceTrain<double>,
       .reference_workspace = WorkspaceTrain,
       .grad = Grad,
       .detached_outputs = {1, 2, 3},
       .may_alias = {{0, 0}},
       .cost = TrainCost,
       .samples = {MakeTrainSample("image", {3, 4, 5, 6}), MakeTrainSample("matrix", {7, 3}),
                   MakeTrainSample("large_eps", {5, 2}, 1e-1),
                   MakeTrainSample("one_channel", {2, 3, 3, 1}),
                   MakeTrainSample("two_rows", {2, 5}, 1e-1),
                   MakeTrainSample("one_row", {1, 1, 1, 3}), MakeTrainSample("no_rows", {0, 3})}});
  registry.Add<NoAttrs>(
      {.name = "batch_norm_grad",
       .infer = InferGrad,
       .reference_f32 = ReferenceGrad<float>,
       .reference_f64 = ReferenceGrad<double>,
       .reference_workspace = WorkspaceGrad,
       .may_alias = {{4, 0}},
       .cost = GradCost,
       .samples = {MakeGradSample("image", {3, 4, 5, 6}), MakeGradSample("one_row", {1, 3}),
                   MakeGradSample("no_rows", {0, 3})}});
  registry.Add<BatchNormAttrs>(
      {.name = "batch_norm_infer",
       .infer = InferInfer,
       .reference_f32 = ReferenceInfer<float>,
       .reference_f64 = ReferenceInfer<double>,
       .reference_workspace = WorkspaceTrain,
       .grad = GradInfer,
       .may_alias = {{0, 0}},
       .cost = InferCost,
       .samples = {MakeInferSample("image", {3, 4, 5, 6}), MakeInferSample("one_row", {1, 3}),
                   MakeInferSample("large_eps", {4, 2}, 1e-1),
                   MakeInferSample("no_rows", {0, 3})}});
  registry.Add<BatchNormAttrs>({.name = "batch_norm_infer_grad",
                                .infer = InferInferGrad,
                                .reference_f32 = ReferenceInferGrad<float>,
                                .reference_f64 = ReferenceInferGrad<double>,
                                .reference_workspace = WorkspaceTrain,
                                .may_alias = {{4, 0}},
                                .cost = InferGradCost,
                                .samples = {MakeInferGradSample("image", {3, 4, 5, 6}),
                                            MakeInferGradSample("one_row", {1, 3}),
                                            MakeInferGradSample("large_eps", {4, 2}, 1e-1),
                                            MakeInferGradSample("no_rows", {0, 3})}});
  RegisterRelu(registry);
}

}  // namespace batch_norm
}  // namespace lockstep::ops
