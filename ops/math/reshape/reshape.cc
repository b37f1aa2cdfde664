// SPDX-License-Identifier: Apache-2.0
#include "ops/math/reshape/reshape.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/math/reshape/reshape_cpu.h"

namespace lockstep::ops {

Value Reshape(Emitter* e, Value x, const Shape& shape) {
  return e->Emit1("reshape", Pack(ReshapeAttrs{shape.dims()}), {x});
}

namespace reshape {
namespace {

Result<TensorTypes> Infer(const ReshapeAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  const TensorType y = {in[0].dtype, Shape(attrs.dims)};
  RETURN_IF_ERROR(ExpectSize(y, "y"));
  if (y.shape.elements() != in[0].shape.elements()) {
    return InvalidArgument("x is " + in[0].ToString() + " with " +
                           std::to_string(in[0].shape.elements()) +
                           " elements; expected as many as shape " + y.shape.ToString() + " has, " +
                           std::to_string(y.shape.elements()));
  }
  return TensorTypes{y};
}

std::vector<Value> Grad(const ReshapeAttrs&, const GradArgs& g) {
  return {Reshape(g.emit, g.dout[0], g.emit->TypeOf(g.in[0]).shape)};
}

Sample MakeSample(std::string name, const Shape& from, const Shape& to) {
  return {std::move(name), Pack(ReshapeAttrs{to.dims()}), {{{DType::kFloat32, from}}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<ReshapeAttrs>({
      .name = "reshape",
      .infer = Infer,
      .reference_f32 = Reference<float>,
      .reference_f64 = Reference<double>,
      .grad = Grad,
      .may_alias = {{0, 0}},
      .samples = {MakeSample("flatten", {3, 5, 1, 2}, {3, 10}),
                  MakeSample("split", {6, 4}, {2, 3, 2, 2}), MakeSample("to_scalar", {1, 1}, {}),
                  MakeSample("empty", {0, 4}, {0, 2, 2})},
  });
}

}  // namespace reshape
}  // namespace lockstep::ops
