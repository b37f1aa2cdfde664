// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/optim/adamw/adamw.h"

namespace lockstep::ops::adamw {

template <typename T>
void Reference(const AdamwAttrs&, const ReferenceArgs& args);

}  // namespace lockstep::ops::adamw
