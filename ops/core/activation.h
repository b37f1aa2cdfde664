// SPDX-License-Identifier: Apache-2.0
// The activation at the end of a fused op, named by an attribute: "none" or an elementwise op f of
// one input whose gradient is f_grad (y, dy). The only such op is relu, since oneDNN's tanh behind
// a convolution of few channels takes twice as long as our own after it.
#pragma once

#include <array>
#include <string>

#include "base/options/attrs.h"
#include "base/status.h"
#include "ops/core/emitter.h"

namespace lockstep::ops {

inline constexpr std::array<std::string_view, 1> kActivations = {"relu"};

inline Status ExpectActivation(std::string_view name) {
  if (name == "none") return OkStatus();
  for (std::string_view known : kActivations) {
    if (name == known) return OkStatus();
  }
  return InvalidArgument("activation is '" + std::string(name) + "'; expected none or relu");
}

inline Value Activate(Emitter* e, std::string_view name, Value x) {
  return name == "none" ? x : e->Emit1(name, Pack(NoAttrs{}), {x});
}

// The gradient of its input, from the activation's output and the gradient of that.
inline Value ActivationGrad(Emitter* e, std::string_view name, Value y, Value dy) {
  return name == "none" ? dy : e->Emit1(std::string(name) + "_grad", Pack(NoAttrs{}), {y, dy});
}

}  // namespace lockstep::ops
