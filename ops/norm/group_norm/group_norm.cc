// SPDX-License-Identifier: Apache-2.0
#include "ops/norm/group_norm/group_norm.h"

#include "ops/core/expect.h"
#include "ops/core/last_axis.h"
#include "ops/core/registry.h"
#include "ops/math/fill/fill.h"
#include "ops/math/reshape/reshape.h"
#include "ops/norm/group_norm/group_norm_cpu.h"

namespace lockstep::ops {

Value GroupNorm(Emitter* e, Value x, Value gamma, Value beta, const GroupNormAttrs& attrs) {
  const Value in[] = {x, gamma, beta};
  return e->Emit("group_norm", Pack(attrs), in)[0];
}

Value InstanceNorm(Emitter* e, Value x, double eps) {
  if (!x.valid()) return {};
  const TensorType type = e->TypeOf(x);
  const int64_t rank = type.shape.rank(), channels = rank == 0 ? 0 : type.shape[rank - 1];
  const TensorType vector = {type.dtype, {channels}};
  return GroupNorm(e, x, Fill(e, 1.0, vector), Fill(e, 0.0, vector), {channels, eps});
}

Value LayerNorm(Emitter* e, Value x, Value gamma, Value beta, double eps) {
  if (!x.valid()) return {};
  const Shape shape = e->TypeOf(x).shape;
  if (shape.rank() < 2) return GroupNorm(e, x, gamma, beta, {1, eps});  // says what is wrong
  const RowsOfChannels rows(shape);
  const Value matrix = Reshape(e, x, {rows.rows, rows.channels});
  return Reshape(e, GroupNorm(e, matrix, gamma, beta, {1, eps}), shape);
}

namespace group_norm {
namespace {

// x, and of the attributes what it must fit.
Status ExpectGroups(const GroupNormAttrs& attrs, const TensorType& x) {
  RETURN_IF_ERROR(ExpectFloat(x, "x"));
  const int64_t rank = x.shape.rank();
  if (rank < 2) {
    return InvalidArgument("x is " + x.ToString() +
                           "; expected at least two dimensions, the last one the channels");
  }
  const int64_t channels = x.shape[rank - 1];
  if (attrs.groups < 1 || channels < 1 || channels % attrs.groups != 0) {
    return InvalidArgument(std::to_string(attrs.groups) + " groups do not divide the " +
                           std::to_string(channels) + " channels of x, which is " + x.ToString());
  }
  for (int64_t axis = 1; axis < rank; ++axis) {
    if (x.shape[axis] < 1) {
      return InvalidArgument("x is " + x.ToString() + "; expected rows that are not empty");
    }
  }
  if (attrs.eps > 0) return OkStatus();
  return InvalidArgument("eps is " + std::to_string(attrs.eps) + "; expected above 0");
}

Status ExpectVector(const TensorType& type, const TensorType& x, std::string_view name) {
  RETURN_IF_ERROR(ExpectDType(type, x.dtype, name));
  return ExpectShape(type, {x.shape[x.shape.rank() - 1]}, name);
}

// (x, gamma, beta) -> y, mean, inv_std.
Result<TensorTypes> Infer(const GroupNormAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 3));
  RETURN_IF_ERROR(ExpectGroups(attrs, in[0]));
  RETURN_IF_ERROR(ExpectVector(in[1], in[0], "gamma"));
  RETURN_IF_ERROR(ExpectVector(in[2], in[0], "beta"));
  const TensorType each = {in[0].dtype, {in[0].shape[0], attrs.groups}};
  return TensorTypes{in[0], each, each};
}

std::vector<Value> Grad(const GroupNormAttrs& attrs, const GradArgs& g) {
  const Value in[] = {g.in[0], g.in[1], g.out[1], g.out[2], g.dout[0]};
  std::vector<Value> din = g.emit->Emit("group_norm_grad", Pack(attrs), in);
  for (size_t i = 0; i < din.size(); ++i) {
    if (!g.want[i]) din[i] = Value();
  }
  return din;
}

// (x, gamma, mean, inv_std, dy) -> dx, dgamma, dbeta.
Result<TensorTypes> InferGrad(const GroupNormAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 5));
  RETURN_IF_ERROR(ExpectGroups(attrs, in[0]));
  RETURN_IF_ERROR(ExpectVector(in[1], in[0], "gamma"));
  for (const size_t i : {size_t{2}, size_t{3}}) {
    const char* const name = i == 2 ? "mean" : "inv_std";
    RETURN_IF_ERROR(ExpectDType(in[i], in[0].dtype, name));
    RETURN_IF_ERROR(ExpectShape(in[i], {in[0].shape[0], attrs.groups}, name));
  }
  RETURN_IF_ERROR(ExpectSame(in[0], in[4], "x and dy"));
  return TensorTypes{in[0], in[1], in[1]};
}

// Arithmetic an element: mean 1, variance 3, normalise 4; backward 7 for the sums, 7 for dx.
Cost ForwardCost(const GroupNormAttrs&, const NodeSpec& node) {
  return {8 * node.in[0].shape.elements(), BytesMoved(node)};
}

Cost GradCost(const GroupNormAttrs&, const NodeSpec& node) {
  return {14 * node.in[0].shape.elements(), BytesMoved(node)};
}

Sample MakeSample(std::string name, const Shape& x, const GroupNormAttrs& attrs) {
  const TensorType vector = {DType::kFloat32, {x[x.rank() - 1]}};
  return {std::move(name), Pack(attrs), {{{DType::kFloat32, x}}, {vector}, {vector}}};
}

Sample MakeGradSample(std::string name, const Shape& x, const GroupNormAttrs& attrs) {
  const TensorType each = {DType::kFloat32, {x[0], attrs.groups}};
  return {std::move(name),
          Pack(attrs),
          {{{DType::kFloat32, x}},
           {{DType::kFloat32, {x[x.rank() - 1]}}},
           {each},
           {each, Fill::kPositive},
           {{DType::kFloat32, x}}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<GroupNormAttrs>(
      {.name = "group_norm",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .grad = Grad,
       .detached_outputs = {1, 2},
       .may_alias = {{0, 0}},
       .cost = ForwardCost,
       .samples = {MakeSample("groups", {2, 3, 4, 6}, {3}), MakeSample("one", {3, 2, 2, 5}, {1}),
                   MakeSample("instance", {2, 4, 3, 4}, {4}),
                   MakeSample("layer", {5, 7}, {1, 1e-1}), MakeSample("wide_layer", {3, 70}, {2}),
                   MakeSample("wide", {2, 3, 6, 40}, {5}),
                   MakeSample("no_rows", {0, 2, 2, 4}, {2})}});
  registry.Add<GroupNormAttrs>(
      {.name = "group_norm_grad",
       .infer = InferGrad,
       .reference_f32 = ReferenceGrad<float>,
       .reference_f64 = ReferenceGrad<double>,
       .reference_workspace = WorkspaceGrad,
       .may_alias = {{4, 0}},
       .cost = GradCost,
       .samples = {MakeGradSample("groups", {2, 3, 4, 6}, {3}),
                   MakeGradSample("layer", {5, 7}, {1}), MakeGradSample("wide_layer", {3, 70}, {2}),
                   MakeGradSample("wide", {2, 3, 6, 40}, {5}),
                   MakeGradSample("no_rows", {0, 2, 2, 4}, {2})}});
}

}  // namespace group_norm
}  // namespace lockstep::ops
