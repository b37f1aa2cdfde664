// SPDX-License-Identifier: Apache-2.0
#include "ops/math/bias_add/bias_add.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/math/bias_add/bias_add_cpu.h"

namespace lockstep::ops {

Value BiasAdd(Emitter* e, Value x, Value b) {
  return e->Emit1("bias_add", Pack(NoAttrs{}), {x, b});
}

namespace bias_add {
namespace {

Status ExpectChannels(const TensorType& type, std::string_view what) {
  RETURN_IF_ERROR(ExpectFloat(type, what));
  if (type.shape.rank() >= 1) return OkStatus();
  return InvalidArgument(std::string(what) + " is " + type.ToString() +
                         "; expected at least one dimension, the channels");
}

Result<TensorTypes> Infer(const NoAttrs&, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(ExpectChannels(in[0], "x"));
  RETURN_IF_ERROR(ExpectDType(in[1], in[0].dtype, "b"));
  RETURN_IF_ERROR(ExpectShape(in[1], {in[0].shape[in[0].shape.rank() - 1]}, "b"));
  return TensorTypes{in[0]};
}

std::vector<Value> Grad(const NoAttrs&, const GradArgs& g) {
  std::vector<Value> din(2);
  if (g.want[0]) din[0] = g.dout[0];
  if (g.want[1]) din[1] = g.emit->Emit1("bias_grad", Pack(NoAttrs{}), {g.dout[0]});
  return din;
}

// (dy) -> db.
Result<TensorTypes> InferGrad(const NoAttrs&, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(ExpectChannels(in[0], "dy"));
  return TensorTypes{{in[0].dtype, {in[0].shape[in[0].shape.rank() - 1]}}};
}

Cost OneEachCost(const NoAttrs&, const NodeSpec& node) {
  return {node.in[0].shape.elements(), BytesMoved(node)};
}

Sample MakeSample(std::string name, const Shape& x) {
  return {std::move(name), {}, {{{DType::kFloat32, x}}, {{DType::kFloat32, {x[x.rank() - 1]}}}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<NoAttrs>({
      .name = "bias_add",
      .infer = Infer,
      .reference_f32 = Reference<float>,
      .reference_f64 = Reference<double>,
      .grad = Grad,
      .may_alias = {{0, 0}},
      .cost = OneEachCost,
      .samples = {MakeSample("image", {2, 5, 3, 7}), MakeSample("matrix", {4, 10}),
                  MakeSample("one_row", {1, 3}), MakeSample("vector", {5}),
                  MakeSample("one_channel", {6, 1}), MakeSample("no_rows", {0, 4})},
  });
  registry.Add<NoAttrs>({
      .name = "bias_grad",
      .infer = InferGrad,
      .reference_f32 = ReferenceGrad<float>,
      .reference_f64 = ReferenceGrad<double>,
      .reference_workspace = WorkspaceGrad,
      .cost = OneEachCost,
      .samples = {{"image", {}, {{{DType::kFloat32, {2, 5, 3, 7}}}}},
                  {"one_row", {}, {{{DType::kFloat32, {1, 3}}}}},
                  {"no_rows", {}, {{{DType::kFloat32, {0, 4}}}}}},
  });
}

}  // namespace bias_add
}  // namespace lockstep::ops
