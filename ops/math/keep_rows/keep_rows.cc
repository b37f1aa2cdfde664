// SPDX-License-Identifier: Apache-2.0
#include "ops/math/keep_rows/keep_rows.h"

#include "ops/core/elementwise.h"
#include "ops/core/registry.h"
#include "ops/math/keep_rows/keep_rows_cpu.h"

namespace lockstep::ops {

Value KeepRows(Emitter* e, Value x, Value count) {
  return e->Emit1("keep_rows", Pack(NoAttrs{}), {x, count});
}

namespace keep_rows {
namespace {

Result<TensorTypes> Infer(const NoAttrs&, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(ExpectFloat(in[0], "x"));
  if (in[0].shape.rank() == 0) {
    return InvalidArgument("x is " + in[0].ToString() + "; expected rows, a rank of 1 or more");
  }
  RETURN_IF_ERROR(ExpectDType(in[1], DType::kInt32, "count"));
  RETURN_IF_ERROR(ExpectShape(in[1], {in[0].shape[0]}, "count"));
  return TensorTypes{in[0]};
}

std::vector<Value> Grad(const NoAttrs&, const GradArgs& g) {
  return {g.want[0] ? KeepRows(g.emit, g.dout[0], g.in[1]) : Value(), Value()};
}

// Counts of 0 and 1.
Sample MakeSample(std::string name, const Shape& shape) {
  return {std::move(name),
          {},
          {{{DType::kFloat32, shape}}, {{DType::kInt32, {shape[0]}}, Fill::kLabels, 2, false}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<NoAttrs>({.name = "keep_rows",
                         .infer = Infer,
                         .reference_f32 = Reference<float>,
                         .reference_f64 = Reference<double>,
                         .grad = Grad,
                         .may_alias = {{0, 0}},
                         .samples = {MakeSample("odd", {7, 5}), MakeSample("planes", {9, 3, 2}),
                                     MakeSample("numbers", {9}), MakeSample("no_rows", {0, 4})}});
}

}  // namespace keep_rows
}  // namespace lockstep::ops
