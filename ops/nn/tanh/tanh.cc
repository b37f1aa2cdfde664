// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/tanh/tanh.h"

#include "ops/core/smooth_activation.h"
#include "ops/nn/tanh/tanh_cpu.h"

namespace lockstep::ops {
namespace tanh {
namespace {

struct Names {
  static constexpr char kName[] = "tanh", kGradName[] = "tanh_grad";
};

}  // namespace

void Register(OpRegistry& registry) {
  RegisterSmoothActivation<Names>(registry, {Reference<float>, Reference<double>},
                                  {ReferenceGrad<float>, ReferenceGrad<double>});
}

}  // namespace tanh

Value Tanh(Emitter* e, Value x) { return e->Emit1(tanh::Names::kName, Pack(NoAttrs{}), {x}); }

}  // namespace lockstep::ops
