// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/sigmoid/sigmoid.h"

#include "ops/core/smooth_activation.h"
#include "ops/nn/sigmoid/sigmoid_cpu.h"

namespace lockstep::ops {
namespace sigmoid {
namespace {

struct Names {
  static constexpr char kName[] = "sigmoid", kGradName[] = "sigmoid_grad";
};

}  // namespace

void Register(OpRegistry& registry) {
  RegisterSmoothActivation<Names>(registry, {Reference<float>, Reference<double>},
                                  {ReferenceGrad<float>, ReferenceGrad<double>});
}

}  // namespace sigmoid

Value Sigmoid(Emitter* e, Value x) { return e->Emit1(sigmoid::Names::kName, Pack(NoAttrs{}), {x}); }

}  // namespace lockstep::ops
