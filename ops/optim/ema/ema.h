// SPDX-License-Identifier: Apache-2.0
// A moving average of parameters (Polyak averaging; the exponential form of Tarvainen and Valpola,
// 2017), as torch.optim.swa_utils.AveragedModel computes it with get_ema_multi_avg_fn. For a block
// of any length n:
//
//   average' = average + weight * (param - average)     (PyTorch's lerp)
//
// weight is a scalar of the step, of the type of param: 1 - decay, and 1 at the first update, whose
// average is the parameter itself.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

Value Ema(Emitter* e, Value average, Value param, Value weight);

}  // namespace lockstep::ops
