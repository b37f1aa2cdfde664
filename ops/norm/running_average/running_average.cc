// SPDX-License-Identifier: Apache-2.0
#include "ops/norm/running_average/running_average.h"

#include "ops/core/elementwise.h"
#include "ops/core/registry.h"
#include "ops/norm/running_average/running_average_cpu.h"

namespace lockstep::ops {

Value RunningAverage(Emitter* e, Value running, Value total, Value count, double momentum) {
  return e->Emit1("running_average", Pack(RunningAverageAttrs{momentum}), {running, total, count});
}

namespace running_average {
namespace {

Result<TensorTypes> Infer(const RunningAverageAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 3));
  if (!(attrs.momentum >= 0.0 && attrs.momentum <= 1.0)) {
    return InvalidArgument("momentum is " + std::to_string(attrs.momentum) +
                           "; expected 0 to 1, the weight of the new value");
  }
  RETURN_IF_ERROR(ExpectFloat(in[0], "running"));
  RETURN_IF_ERROR(ExpectRank(in[0], 1, "running"));
  RETURN_IF_ERROR(ExpectDType(in[1], DType::kFloat64, "total"));
  RETURN_IF_ERROR(ExpectShape(in[1], in[0].shape, "total"));
  RETURN_IF_ERROR(ExpectScalar(in[2], DType::kFloat64, "count"));
  return TensorTypes{in[0]};
}

Sample MakeSample(std::string name, double momentum, int64_t n) {
  return {std::move(name),
          Pack(RunningAverageAttrs{momentum}),
          {{{DType::kFloat32, {n}}},
           {{DType::kFloat64, {n}}},
           {{DType::kFloat64, {}}, Fill::kPositive}}};
}

Sample WithoutElements() {
  Sample sample = MakeSample("no_elements", 0.1, 5);
  sample.in[2].fill = Fill::kLabels;  // below 1: 0
  sample.in[2].limit = 1;
  return sample;
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<RunningAverageAttrs>(
      {.name = "running_average",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .may_alias = {{0, 0}},
       .cost = ElementwiseCost<4>,
       .samples = {MakeSample("tenth", 0.1, 13), MakeSample("keeps", 0.0, 3),
                   MakeSample("replaces", 1.0, 5), WithoutElements(),
                   MakeSample("empty", 0.1, 0)}});
}

}  // namespace running_average
}  // namespace lockstep::ops
