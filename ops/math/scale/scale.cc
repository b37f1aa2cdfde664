// SPDX-License-Identifier: Apache-2.0
#include "ops/math/scale/scale.h"

#include "ops/core/elementwise.h"
#include "ops/core/registry.h"
#include "ops/math/scale/scale_cpu.h"

namespace lockstep::ops {

Value Scale(Emitter* e, Value x, Value s) { return e->Emit1("scale", Pack(NoAttrs{}), {x, s}); }

namespace scale {
namespace {

Result<TensorTypes> Infer(const NoAttrs&, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(ExpectFloat(in[0], "x"));
  const bool wide = in[1].dtype == DType::kFloat64;
  RETURN_IF_ERROR(ExpectScalar(in[1], wide ? DType::kFloat64 : in[0].dtype, "s"));
  return TensorTypes{in[0]};
}

std::vector<Value> Grad(const NoAttrs&, const GradArgs& g) {
  return {g.want[0] ? Scale(g.emit, g.dout[0], g.in[1]) : Value(), Value()};
}

Sample MakeSample(std::string name, const Shape& shape, DType scalar) {
  return {std::move(name),
          {},
          {{{DType::kFloat32, shape}}, {{scalar, {}}, Fill::kNormal, 0, /*differentiable=*/false}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<NoAttrs>({
      .name = "scale",
      .infer = Infer,
      .reference_f32 = Reference<float>,
      .reference_f64 = Reference<double>,
      .grad = Grad,
      .may_alias = {{0, 0}},
      .cost = ElementwiseCost<1>,
      .samples = {MakeSample("odd", {3, 5, 7}, DType::kFloat32),
                  MakeSample("f64_scalar", {5, 3}, DType::kFloat64),
                  MakeSample("empty", {0, 4}, DType::kFloat32)},
  });
}

}  // namespace scale
}  // namespace lockstep::ops
