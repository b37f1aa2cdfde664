// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/math/concat/concat.h"

namespace lockstep::ops::concat {

template <typename T>
void Reference(const ConcatAttrs& attrs, const ReferenceArgs& args);
template <typename T>
void ReferenceSlice(const SliceChannelsAttrs& attrs, const ReferenceArgs& args);
template <typename T>
void ReferencePlace(const PlaceChannelsAttrs& attrs, const ReferenceArgs& args);

}  // namespace lockstep::ops::concat
