// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/optim/sgd/sgd.h"

namespace lockstep::ops::sgd {

template <typename T>
void Reference(const SgdAttrs&, const ReferenceArgs& args);

}  // namespace lockstep::ops::sgd
