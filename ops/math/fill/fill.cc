// SPDX-License-Identifier: Apache-2.0
#include "ops/math/fill/fill.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/math/fill/fill_cpu.h"

namespace lockstep::ops {

Value Fill(Emitter* e, double value, const TensorType& type) {
  return e->Emit1(
      "fill", Pack(FillAttrs{value, type.shape.dims(), std::string(DTypeName(type.dtype))}), {});
}

namespace fill {
namespace {

Result<TensorTypes> Infer(const FillAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 0));
  ASSIGN_OR_RETURN(const DType dtype, ParseDType(attrs.dtype));
  const TensorType y = {dtype, Shape(attrs.dims)};
  RETURN_IF_ERROR(ExpectFloat(y, "y"));
  RETURN_IF_ERROR(ExpectSize(y, "y"));
  return TensorTypes{y};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<FillAttrs>({
      .name = "fill",
      .infer = Infer,
      .reference_f32 = Reference<float>,
      .reference_f64 = Reference<double>,
      .samples = {{"odd_f32", Pack(FillAttrs{0.1, {3, 5}, "f32"}), {}},
                  {"odd_f64", Pack(FillAttrs{-0.1, {7}, "f64"}), {}},
                  {"scalar", Pack(FillAttrs{1.0, {}, "f64"}), {}},
                  {"empty", Pack(FillAttrs{1.0, {0, 2}, "f32"}), {}}},
  });
}

}  // namespace fill
}  // namespace lockstep::ops
