// SPDX-License-Identifier: Apache-2.0
#include "ops/math/scale_columns/scale_columns.h"

#include <string>

#include "ops/core/elementwise.h"
#include "ops/core/registry.h"
#include "ops/math/scale_columns/scale_columns_cpu.h"

namespace lockstep::ops {

Value ScaleColumns(Emitter* e, Value x, const ScaleColumnsAttrs& attrs) {
  return e->Emit1("scale_columns", Pack(attrs), {x});
}

namespace scale_columns {
namespace {

Result<TensorTypes> Infer(const ScaleColumnsAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(ExpectFloat(in[0], "x"));
  const std::vector<int64_t>& dims = in[0].shape.dims();
  if (!dims.empty() && dims.back() == static_cast<int64_t>(attrs.factors.size())) {
    return TensorTypes{in[0]};
  }
  return InvalidArgument("x is " + in[0].ToString() + "; expected a last dimension of " +
                         std::to_string(attrs.factors.size()) + ", as there are factors");
}

std::vector<Value> Grad(const ScaleColumnsAttrs& attrs, const GradArgs& g) {
  return {ScaleColumns(g.emit, g.dout[0], attrs)};
}

Sample MakeSample(std::string name, std::vector<double> factors, const Shape& shape) {
  return {
      std::move(name), Pack(ScaleColumnsAttrs{std::move(factors)}), {{{DType::kFloat32, shape}}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<ScaleColumnsAttrs>({.name = "scale_columns",
                                   .infer = Infer,
                                   .reference_f32 = Reference<float>,
                                   .reference_f64 = Reference<double>,
                                   .grad = Grad,
                                   .may_alias = {{0, 0}},
                                   .cost = ElementwiseCost<1>,
                                   .samples = {MakeSample("odd", {0.5, -2.0, 3.0}, {5, 3}),
                                               MakeSample("box", {0.1, 0.2, 0.1, 0.2}, {3, 2, 4}),
                                               MakeSample("empty", {1.5, 2.5}, {0, 2})}});
}

}  // namespace scale_columns
}  // namespace lockstep::ops
