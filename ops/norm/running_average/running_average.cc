// SPDX-License-Identifier: Apache-2.0
#include "ops/norm/running_average/running_average.h"

#include "ops/core/elementwise.h"
#include "ops/core/registry.h"
#include "ops/norm/running_average/running_average_cpu.h"

namespace lockstep::ops {

Value RunningAverage(Emitter* e, Value running, Value batch, double momentum) {
  return e->Emit1("running_average", Pack(RunningAverageAttrs{momentum}), {running, batch});
}

namespace running_average {
namespace {

Result<TensorTypes> Infer(const RunningAverageAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  if (!(attrs.momentum >= 0.0 && attrs.momentum <= 1.0)) {
    return InvalidArgument("momentum is " + std::to_string(attrs.momentum) +
                           "; expected 0 to 1, the weight of the new value");
  }
  RETURN_IF_ERROR(ExpectFloat(in[0], "running"));
  RETURN_IF_ERROR(ExpectSame(in[0], in[1], "running and batch"));
  return TensorTypes{in[0]};
}

Sample MakeSample(std::string name, double momentum, int64_t n) {
  return {std::move(name),
          Pack(RunningAverageAttrs{momentum}),
          {{{DType::kFloat32, {n}}}, {{DType::kFloat32, {n}}}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<RunningAverageAttrs>(
      {.name = "running_average",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .may_alias = {{0, 0}, {1, 0}},
       .cost = ElementwiseCost<3>,
       .samples = {MakeSample("tenth", 0.1, 13), MakeSample("keeps", 0.0, 3),
                   MakeSample("replaces", 1.0, 5), MakeSample("empty", 0.1, 0)}});
}

}  // namespace running_average
}  // namespace lockstep::ops
