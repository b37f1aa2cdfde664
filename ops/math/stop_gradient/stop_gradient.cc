// SPDX-License-Identifier: Apache-2.0
#include "ops/math/stop_gradient/stop_gradient.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/math/stop_gradient/stop_gradient_cpu.h"

namespace lockstep::ops {

Value StopGradient(Emitter* e, Value x) { return e->Emit1("stop_gradient", Pack(NoAttrs{}), {x}); }

namespace stop_gradient {
namespace {

Result<TensorTypes> Infer(const NoAttrs&, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(ExpectFloat(in[0], "x"));
  return TensorTypes{in[0]};
}

Sample MakeSample(std::string name, const Shape& shape) {
  return {std::move(name), Pack(NoAttrs{}), {{{DType::kFloat32, shape}}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<NoAttrs>({
      .name = "stop_gradient",
      .infer = Infer,
      .reference_f32 = Reference<float>,
      .reference_f64 = Reference<double>,
      .detached_outputs = {0},
      .may_alias = {{0, 0}},
      .samples = {MakeSample("matrix", {3, 5}), MakeSample("scalar", {}),
                  MakeSample("empty", {0, 4})},
  });
}

}  // namespace stop_gradient
}  // namespace lockstep::ops
