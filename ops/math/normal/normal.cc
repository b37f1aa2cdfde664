// SPDX-License-Identifier: Apache-2.0
#include "ops/math/normal/normal.h"

#include <utility>

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/math/normal/normal_cpu.h"

namespace lockstep::ops {

Value Normal(Emitter* e, const TensorType& type, std::string purpose) {
  return e->Emit1(
      "normal",
      Pack(NormalAttrs{type.shape.dims(), std::string(DTypeName(type.dtype)), std::move(purpose)}),
      {});
}

namespace normal {
namespace {

Result<TensorTypes> Infer(const NormalAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 0));
  if (attrs.purpose != kNormalPurpose && attrs.purpose != kEvalPurpose) {
    return InvalidArgument("purpose is '" + attrs.purpose + "', expected '" + kNormalPurpose +
                           "' or '" + kEvalPurpose + "'");
  }
  ASSIGN_OR_RETURN(const DType dtype, ParseDType(attrs.dtype));
  const TensorType y = {dtype, Shape(attrs.dims)};
  RETURN_IF_ERROR(ExpectFloat(y, "y"));
  RETURN_IF_ERROR(ExpectSize(y, "y"));
  return TensorTypes{y};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<NormalAttrs>({
      .name = "normal",
      .infer = Infer,
      .reference_f32 = Reference<float>,
      .reference_f64 = Reference<double>,
      .random_streams = 1,
      .samples = {{"odd_f32", Pack(NormalAttrs{{3, 5}, "f32"}), {}},
                  {"odd_f64", Pack(NormalAttrs{{7}, "f64"}), {}},
                  {"evaluation", Pack(NormalAttrs{{2, 2}, "f32", kEvalPurpose}), {}},
                  {"scalar", Pack(NormalAttrs{{}, "f64"}), {}},
                  {"empty", Pack(NormalAttrs{{0, 2}, "f32"}), {}}},
  });
}

}  // namespace normal
}  // namespace lockstep::ops
