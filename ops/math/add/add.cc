// SPDX-License-Identifier: Apache-2.0
#include "ops/math/add/add.h"

#include "ops/core/elementwise.h"
#include "ops/core/registry.h"
#include "ops/math/add/add_cpu.h"

namespace lockstep::ops {

Value Add(Emitter* e, Value a, Value b) { return e->Emit1("add", Pack(NoAttrs{}), {a, b}); }

namespace add {
namespace {

Result<TensorTypes> Infer(const NoAttrs&, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(ExpectFloat(in[0], "a"));
  RETURN_IF_ERROR(ExpectSame(in[0], in[1], "a and b"));
  return TensorTypes{in[0]};
}

std::vector<Value> Grad(const NoAttrs&, const GradArgs& g) {
  return {g.want[0] ? g.dout[0] : Value(), g.want[1] ? g.dout[0] : Value()};
}

Sample MakeSample(std::string name, const Shape& shape) {
  return {std::move(name), {}, {{{DType::kFloat32, shape}}, {{DType::kFloat32, shape}}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<NoAttrs>({
      .name = "add",
      .infer = Infer,
      .reference_f32 = Reference<float>,
      .reference_f64 = Reference<double>,
      .grad = Grad,
      .may_alias = {{0, 0}, {1, 0}},
      .cost = ElementwiseCost<1>,
      .samples = {MakeSample("odd", {3, 5, 7, 2}), MakeSample("scalar", {}),
                  MakeSample("empty", {0, 4})},
  });
}

}  // namespace add
}  // namespace lockstep::ops
