// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/ema/ema.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/optim/ema/ema_cpu.h"

namespace lockstep::ops {

Value Ema(Emitter* e, Value average, Value param, Value weight) {
  const Value in[] = {average, param, weight};
  return e->Emit("ema", Pack(NoAttrs{}), in)[0];
}

namespace ema {
namespace {

// (average, param, weight) -> average'.
Result<TensorTypes> Infer(const NoAttrs&, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 3));
  RETURN_IF_ERROR(ExpectFloat(in[0], "average"));
  RETURN_IF_ERROR(ExpectRank(in[0], 1, "average"));
  RETURN_IF_ERROR(ExpectSame(in[0], in[1], "average and param"));
  RETURN_IF_ERROR(ExpectScalar(in[2], in[0].dtype, "weight"));
  return TensorTypes{in[0]};
}

Cost UpdateCost(const NoAttrs&, const NodeSpec& node) {
  return {3 * node.in[0].shape.elements(), BytesMoved(node)};
}

Sample MakeSample(std::string name, int64_t n) {
  const SampleInput vector = {{DType::kFloat32, {n}}};
  return {std::move(name), {}, {vector, vector, {{DType::kFloat32, {}}, Fill::kPositive}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<NoAttrs>({.name = "ema",
                         .infer = Infer,
                         .reference_f32 = Reference<float>,
                         .reference_f64 = Reference<double>,
                         .may_alias = {{0, 0}},
                         .cost = UpdateCost,
                         .samples = {MakeSample("odd", 13), MakeSample("empty", 0)}});
}

}  // namespace ema
}  // namespace lockstep::ops
